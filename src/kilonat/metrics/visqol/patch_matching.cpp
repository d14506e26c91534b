#include "kilonat/metrics/visqol/patch_matching.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kilonat/metrics/visqol/nsim.h"

namespace kilonat::metrics::visqol {
namespace {

constexpr std::size_t kHalfPatch = kPatchFrames / 2;
constexpr std::size_t kSearchRadius = 60 * kPatchFrames;

/// Start frames that are looked at for a patch: first to last, the last included.
struct Range {
  std::size_t first;
  std::size_t last;
};

Range search_range(std::size_t start, std::size_t num_frames) {
  return {start - std::min(start, kSearchRadius), std::min(start + kSearchRadius, num_frames - 1)};
}

/// The table of the dynamic programme: rows are patches, columns start frames. Only the current
/// row's sums are kept, but all its ways back.
class Table {
 public:
  explicit Table(std::size_t num_frames) : num_frames_(num_frames) {}

  /// @param first_before  the first column that the patch before was looked for in.
  /// @param similarity    of the patch with a start frame.
  template <class Similarity>
  void add_row(const Range& range, std::size_t first_before, Similarity&& similarity) {
    const std::vector<double> sums_before = std::move(sums_);
    sums_.assign(num_frames_, 0);
    back_.emplace_back(num_frames_, 0);
    if (sums_before.empty()) {
      for (std::size_t o = range.first; o <= range.last; ++o) sums_[o] = similarity(o);
      return;
    }
    double best = std::numeric_limits<double>::lowest();
    std::size_t best_at = 0;
    std::size_t next = first_before;
    for (std::size_t o = range.first; o <= range.last; ++o) {
      for (; next < o; ++next) {
        if (sums_before[next] < best) continue;  // of equal ones the nearest
        best = sums_before[next];
        best_at = next;
      }
      set(o, similarity(o) + best, best_at, sums_before[o]);
    }
  }

  /// The start frames of the best way through, for each row.
  [[nodiscard]] std::vector<std::optional<std::size_t>> best_way(const Range& last_range) const {
    const auto first = sums_.begin() + static_cast<std::ptrdiff_t>(last_range.first);
    const auto last = sums_.begin() + static_cast<std::ptrdiff_t>(last_range.last) + 1;
    auto o = static_cast<std::size_t>(std::max_element(first, last) - sums_.begin());
    std::vector<std::optional<std::size_t>> way(back_.size());
    for (std::size_t row = back_.size(); row-- > 0;) {
      const bool is_match = row == 0 || back_[row][o] != o;
      if (is_match) way[row] = o;
      o = back_[row][o];
    }
    return way;
  }

 private:
  /// A column that points to itself has no match for its row.
  void set(std::size_t o, double with_match, std::size_t way_back, double without_match) {
    const bool is_match = !(without_match > with_match);
    sums_[o] = is_match ? with_match : without_match;
    back_.back()[o] = static_cast<std::uint32_t>(is_match ? way_back : o);
  }

  std::size_t num_frames_;
  std::vector<double> sums_;
  std::vector<std::vector<std::uint32_t>> back_;
};

}  // namespace

std::vector<std::size_t> patch_starts(std::size_t num_reference_frames,
                                      std::size_t num_degraded_frames) {
  const std::size_t limit = std::max(num_reference_frames - kPatchFrames, kHalfPatch + 1);
  std::vector<std::size_t> starts;
  for (std::size_t i = kHalfPatch; i < limit; i += kPatchFrames) starts.push_back(i - 1);
  while (starts.back() > num_degraded_frames + kHalfPatch) starts.pop_back();
  return starts;
}

std::vector<std::optional<std::size_t>> match_patches(const Spectrogram& reference,
                                                      const std::vector<std::size_t>& starts,
                                                      const Spectrogram& degraded,
                                                      std::size_t num_degraded_frames) {
  Table table(num_degraded_frames);
  std::size_t first_before = 0;
  for (const std::size_t start : starts) {
    const Patch patch{reference.row(start), kPatchFrames};
    const Range range = search_range(start, num_degraded_frames);
    table.add_row(range, first_before, [&](std::size_t o) {
      return mean(band_similarities(patch, {degraded.row(o), kPatchFrames}));
    });
    first_before = range.first;
  }
  return table.best_way(search_range(starts.back(), num_degraded_frames));
}

}  // namespace kilonat::metrics::visqol
