#include "kilonat/train/run_folder.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::train {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxDifferences = 6;

/// "section.key" -> value, for TOML as Schema::to_toml writes it: one assignment a line.
std::map<std::string, std::string> assignments(const std::string& toml) {
  std::map<std::string, std::string> result;
  std::istringstream lines(toml);
  std::string section;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('[')) {
      section = line.substr(1, line.find(']') - 1) + ".";
    } else if (const auto equals = line.find(" = ");
               equals != std::string::npos && !line.starts_with('#')) {
      result[section + line.substr(0, equals)] = line.substr(equals + 3);
    }
  }
  return result;
}

}  // namespace

bool RunFolder::holds_run() const {
  return fs::exists(config());
}

void require_room_for_run(const RunFolder& folder, bool replace) {
  if (!fs::exists(folder.path)) return;
  if (fs::is_directory(folder.path) && fs::is_empty(folder.path)) return;
  KILONAT_REQUIRE(folder.holds_run(),
                  ConfigError,
                  "run folder '{}': exists and holds no run; choose another --out",
                  folder.path.string());
  KILONAT_REQUIRE(replace,
                  ConfigError,
                  "run folder '{}': holds a run; --resume continues it, --force replaces it",
                  folder.path.string());
}

void create_run_folder(const RunFolder& folder, bool replace) {
  require_room_for_run(folder, replace);
  std::error_code error;
  if (folder.holds_run()) fs::remove_all(folder.path, error);
  if (error) throw_io_error("removing the old run", folder.path, error.value());
  create_folder(folder.path);
}

std::string config_difference(const std::string& before,
                              const std::string& after,
                              std::initializer_list<const char*> ignored) {
  auto old_values = assignments(before);
  auto new_values = assignments(after);
  for (const char* key : ignored) {
    old_values.erase(key);
    new_values.erase(key);
  }
  std::vector<std::string> differences;
  for (const auto& [key, value] : new_values) {
    const auto found = old_values.find(key);
    const std::string old_value = found == old_values.end() ? "(unset)" : found->second;
    if (old_value != value)
      differences.push_back(fmt::format("{} = {} -> {}", key, old_value, value));
  }
  const bool is_long = differences.size() > kMaxDifferences;
  if (is_long) differences.resize(kMaxDifferences);
  return fmt::format("{}{}", fmt::join(differences, "; "), is_long ? "; ..." : "");
}

}  // namespace kilonat::train
