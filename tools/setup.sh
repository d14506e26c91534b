# Shared by quickstart and test: installs what packages.txt lists and builds. Sourced, not run.

# The Debian packages of packages.txt, one a line.
kilonat_packages() { sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' packages.txt; }

# The cores this process may use (its affinity mask, not the machine's count).
kilonat_jobs() { nproc; }

# Installs the packages that are missing; says so before. Needs apt, and root or sudo.
kilonat_install_packages() {
  local missing=() name
  for name in $(kilonat_packages); do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
  done
  [ "${#missing[@]}" -eq 0 ] && return 0
  echo "kilonat: installing ${#missing[@]} Debian packages: ${missing[*]}"
  if ! command -v apt-get >/dev/null; then
    echo "kilonat: apt-get not found; install these packages by hand, then run again" >&2; return 1
  fi
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "kilonat: not root and no sudo; run as root: apt-get install ${missing[*]}" >&2; return 1; }
    sudo=(sudo)
  fi
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# kilonat_build PRESET [TARGET...]: configures and builds into build/PRESET.
kilonat_build() {
  local preset=$1; shift
  cmake --preset "$preset" >/dev/null
  cmake --build "build/$preset" -j "$(kilonat_jobs)" ${1:+--target "$@"}
}
