#pragma once
/// libtorch's exceptions as one line.

#include <exception>
#include <string>

namespace kilonat::tensor {

/// The first line of what libtorch says, without its backtrace; other exceptions: their what().
[[nodiscard]] std::string what_without_backtrace(const std::exception& error);

}  // namespace kilonat::tensor
