#include "kilonat/config/nearest.h"

#include <algorithm>
#include <vector>

namespace kilonat::config {

namespace {
constexpr std::size_t kMinAbbreviation = 3;  // letters
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the dynamic programme: before last, last, present.
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitution});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string nearest_spelling(std::string_view name, std::span<const std::string> candidates) {
  std::size_t best = std::max<std::size_t>(2, name.size() / 3) + 1;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best && distance < name.size()) {
      best = distance;
      nearest = candidate;
    }
  }
  if (!nearest.empty() || name.size() < kMinAbbreviation) return nearest;
  const auto continues = [name](const std::string& c) { return c.starts_with(name); };
  const auto found = std::find_if(candidates.begin(), candidates.end(), continues);
  return found == candidates.end() ? std::string() : *found;
}

}  // namespace kilonat::config
