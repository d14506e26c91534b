#pragma once
/// Texts from files that nobody vouches for, made fit for a line of an error message.

#include <cstddef>
#include <string>
#include <string_view>

namespace kilonat {

/// The text with control characters as '?', cut to `max_length` bytes and "..".
[[nodiscard]] std::string printable(std::string_view text, std::size_t max_length = 80);

}  // namespace kilonat
