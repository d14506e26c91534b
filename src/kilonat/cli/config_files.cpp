#include "kilonat/cli/config_files.h"

#include <system_error>

#include <fmt/format.h>

#include "kilonat/base/errors.h"

namespace kilonat::cli {
namespace {

namespace fs = std::filesystem;

/// conf/KIND/NAME.toml in `folder`, or an empty path.
fs::path below(const fs::path& folder, const std::string& kind, const std::string& name) {
  const fs::path path = folder / "conf" / kind / (name + ".toml");
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) ? path : fs::path();
}

fs::path beside_program(const std::string& kind, const std::string& name) {
  std::error_code error;
  fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  while (!error && folder.has_relative_path()) {
    if (fs::path found = below(folder, kind, name); !found.empty()) return found;
    if (fs::path found = below(folder / "share" / "kilonat", kind, name); !found.empty())
      return found;
    folder = folder.parent_path();
  }
  return {};
}

}  // namespace

fs::path find_config(const std::string& name, const std::string& kind) {
  std::error_code ignored;
  if (fs::is_regular_file(name, ignored)) return name;
  const bool is_plain_name = fs::path(name).filename() == name && !fs::path(name).has_extension();
  if (is_plain_name) {
    if (fs::path found = below(".", kind, name); !found.empty()) return found;
    if (fs::path found = beside_program(kind, name); !found.empty()) return found;
  }
  throw ConfigError(
      fmt::format("config '{}': no such file{}",
                  name,
                  is_plain_name ? ", and no 'conf/" + kind + "/" + name + ".toml'" : ""));
}

}  // namespace kilonat::cli
