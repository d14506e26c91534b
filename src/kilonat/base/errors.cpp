#include "kilonat/base/errors.h"

#include <utility>

namespace kilonat {

Error::Error(std::string message, int exit_code)
    : std::runtime_error(message), message_(std::move(message)), exit_code_(exit_code) {}

void Error::add_context(std::string_view context) {
  message_ = fmt::format("{}: {}", context, message_);
}

}  // namespace kilonat
