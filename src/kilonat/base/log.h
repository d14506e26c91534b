#pragma once
/// The program's log: spdlog's default logger, on stderr.

#include <string_view>

namespace kilonat {

/// Sets up the default logger: one line a message on stderr, "kilonat: warning: ...".
///
/// @param level  "debug", "info", "warn", "error" or "off". @throws ConfigError otherwise.
void set_up_log(std::string_view level);

}  // namespace kilonat
