#pragma once
/// "train-{000..012}.tar": many names in one.

#include <string>
#include <vector>

namespace kilonat::data {

/// The names that a pattern stands for, in order: {000..012} counts, as wide as its first number;
/// {a,b} lists. Several braces: the first varies slowest. Without a brace: the pattern itself.
/// @throws DataError for a brace that does not close or does not count up, or for more than 100000
///         names.
[[nodiscard]] std::vector<std::string> expand_braces(const std::string& pattern);

}  // namespace kilonat::data
