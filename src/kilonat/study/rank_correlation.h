#pragma once
/// How well one figure tells the order of another, over the points of a study.

#include <cstdint>
#include <optional>
#include <vector>

namespace kilonat::study {

/// Ranks from 1; equal values share the mean of their ranks.
[[nodiscard]] std::vector<double> ranks(const std::vector<double>& values);

/// Spearman's coefficient: Pearson's of the ranks, -1 to 1. Empty for fewer than 3 pairs, or if all
/// values of one side are equal. REQUIRES: equal lengths.
[[nodiscard]] std::optional<double> spearman(const std::vector<double>& x,
                                             const std::vector<double>& y);

struct Interval {
  double low = 0;
  double high = 0;
};

/// 95 % percentile bootstrap of spearman(). Pairs of one group (the seeds of one rate) are drawn
/// together, since they are not independent; draws without a coefficient are passed over.
/// @param groups  of each pair. @param draws  at least 100. Empty if less than half of the draws
///                have a coefficient.
[[nodiscard]] std::optional<Interval> spearman_interval(const std::vector<double>& x,
                                                        const std::vector<double>& y,
                                                        const std::vector<std::int64_t>& groups,
                                                        std::uint64_t seed,
                                                        int draws = 2000);

}  // namespace kilonat::study
