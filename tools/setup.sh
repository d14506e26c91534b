# Shared by quickstart and test: installs what packages.txt lists and builds. Sourced, not run.

# kilonat_packages [LAST]: the Debian packages of packages.txt, one a line; with LAST "build", only those above its line
# "# only ./test".
kilonat_packages() {
  local stop='$'
  [ "${1:-}" = build ] && stop='/^# only .\/test/'
  sed -n -e "1,${stop}p" packages.txt | sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d'
}

# The cores this process may use (its affinity mask, not the machine's count).
kilonat_jobs() { nproc; }

# Node and a browser are as good from elsewhere (and Debian's npm will not go beside another Node's).
kilonat_has_command_of() {
  case $1 in
    nodejs) command -v node >/dev/null ;;
    npm | chromium) command -v "$1" >/dev/null ;;
    *) return 1 ;;
  esac
}

# kilonat_missing_packages [build]: those of kilonat_packages that are not installed, one a line.
kilonat_missing_packages() {
  local name
  for name in $(kilonat_packages "${1:-}"); do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' ||
      kilonat_has_command_of "$name" || echo "$name"
  done
}

# kilonat_install_packages [build]: installs the packages that are missing; says so before. Needs apt, and root or sudo.
kilonat_install_packages() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "kilonat: no apt here; the packages of packages.txt are taken to be installed" >&2
    return 0
  fi
  local missing sudo=()
  mapfile -t missing < <(kilonat_missing_packages "${1:-}")
  [ "${#missing[@]}" -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "kilonat: ${#missing[@]} Debian packages are missing, and this is neither root nor is there sudo;" \
        "as root run: apt-get install --no-install-recommends ${missing[*]}" >&2
      return 1
    fi
    sudo=(sudo)
  fi
  echo "kilonat: installing ${#missing[@]} Debian packages: ${missing[*]}"
  if ! "${sudo[@]}" apt-get update -qq ||
    ! "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
    echo "kilonat: apt-get failed; is there a network, and is this Debian 12?" >&2
    return 1
  fi
}

# kilonat_build PRESET [TARGET...]: configures and builds into build/PRESET; what is built is kept.
kilonat_build() {
  local preset=$1
  shift
  cmake --preset "$preset" >/dev/null
  cmake --build "build/$preset" -j "$(kilonat_jobs)" ${1:+--target "$@"}
}
