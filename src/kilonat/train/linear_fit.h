#pragma once
/// Affine maps fitted to data by least squares.

#include <torch/types.h>

namespace kilonat::train {

/// y = x weight^T + bias.
struct AffineMap {
  torch::Tensor weight_OI;
  torch::Tensor bias_O;

  /// [N, I] -> [N, O].
  [[nodiscard]] torch::Tensor of(const torch::Tensor& x_NI) const;
};

/// The map that gives `y_NO` from `x_NI` best, in squares, with a ridge on its weight of
/// `relative_ridge` times the mean variance of x; zero weights where x does not vary.
/// REQUIRES: both float64 on the CPU, N >= 1.
[[nodiscard]] AffineMap least_squares(const torch::Tensor& x_NI,
                                      const torch::Tensor& y_NO,
                                      double relative_ridge);

}  // namespace kilonat::train
