#pragma once
/// How far a figure would move if other clips had been drawn.

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace kilonat::metrics {

struct BootstrapOptions {
  std::int64_t num_draws = 200;
  double confidence = 0.95;  ///< share of the draws within the interval
  std::uint64_t seed = 0;
};

/// A figure and its interval.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

/// Draws `num_clips` clips with replacement, again and again, and computes the figure of each draw.
///
/// Note [Centred interval]: a draw holds fewer different clips than the set (63 % of them), which
/// alone shifts figures that are biased in small sets (Frechet distances go up). So the interval is
/// the spread of the draws about their own mean, put around `value`: it says how much chance in the
/// choice of clips moves the figure, and nothing of the bias of the set's size.
/// A draw of nothing but one clip, which small sets give now and then, is drawn again: distances
/// among clips have no value there.
/// @param statistic  of the clips of these numbers: int64 [num_clips], sorted, with repetitions.
/// REQUIRES: num_clips >= 1, num_draws >= 1.
[[nodiscard]] Estimate bootstrap(double value,
                                 std::int64_t num_clips,
                                 const std::function<double(const at::Tensor&)>& statistic,
                                 const BootstrapOptions& options = {});

/// Linear interpolation between order statistics. REQUIRES: not empty, 0 <= share <= 1.
[[nodiscard]] double quantile(std::vector<double> values, double share);

}  // namespace kilonat::metrics
