#pragma once
/// Configs by path or by name.

#include <filesystem>
#include <string>

namespace kilonat::cli {

/// The file that `name` stands for: a path that exists; else "conf/KIND/NAME.toml" in the present
/// folder or in one above the program (a source tree or an installation).
/// @throws ConfigError that says where it looked.
[[nodiscard]] std::filesystem::path find_config(const std::string& name,
                                                const std::string& kind = "codec");

}  // namespace kilonat::cli
