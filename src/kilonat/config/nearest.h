#pragma once
/// The nearest spelling of a mistyped name.

#include <span>
#include <string>
#include <string_view>

namespace kilonat::config {

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`
/// (optimal string alignment distance).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `name`, at most a third of its letters (two in a short one) wrong; else
/// one that `name` abbreviates (three letters or more); else empty.
[[nodiscard]] std::string nearest_spelling(std::string_view name,
                                           std::span<const std::string> candidates);

}  // namespace kilonat::config
