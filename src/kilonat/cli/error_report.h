#pragma once
/// How an exception becomes one line and an exit code.

#include <exception>
#include <string>

namespace kilonat::cli {

struct ErrorReport {
  std::string line;  ///< without a line break
  int exit_code = 70;
};

/// Exit codes: kilonat::Error carries its own; what libtorch throws is 70, or 7 if it ran out of
/// memory, as std::bad_alloc; std::filesystem errors are 7; anything else is 70.
[[nodiscard]] ErrorReport report_of(const std::exception& error);

}  // namespace kilonat::cli
