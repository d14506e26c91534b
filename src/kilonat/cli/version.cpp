#include "kilonat/cli/version.h"

#include <fmt/format.h>
#include <torch/version.h>

#include "kilonat/base/version.h"

namespace kilonat::cli {

std::string version_text() {
  return fmt::format("kilonat {} (libtorch {})", kVersion, TORCH_VERSION);
}

}  // namespace kilonat::cli
