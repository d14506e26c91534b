#pragma once
/// What --version prints.

#include <string>

namespace kilonat::cli {

/// "kilonat 0.1.0 (libtorch 1.13.1)".
[[nodiscard]] std::string version_text();

}  // namespace kilonat::cli
