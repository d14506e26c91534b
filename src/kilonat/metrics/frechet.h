#pragma once
/// The Frechet distance between two sets of embeddings, each taken for a Gaussian.
///
/// N rows (frames or clips), D dimensions of the embedding.

#include <ATen/core/Tensor.h>

namespace kilonat::metrics {

struct FrechetDistance {
  double distance = 0;  ///< |mean_a - mean_b|^2 + tr A + tr B - 2 trace_of_root
  double mean_distance_squared = 0;
  double trace_of_root = 0;  ///< tr (A B)^(1/2)
};

/// A set that others are compared with; the work that depends on it alone is done once. Float64.
///
/// Note [The trace from the rows]: published code takes scipy's square root of A B, which is
/// complex for sets of low rank and then patched up. The symmetric form, by the eigenvalues of
/// A^(1/2) B A^(1/2), is real, but with fewer rows than dimensions the roots of rounding errors add
/// up. So the trace is taken from the rows: A = X'X, B = Y'Y (centred and scaled), and tr (A
/// B)^(1/2) is the sum of the singular values of X Y', which is exact whatever the rank. Y' may be
/// replaced by any root of B, of which one with few columns is kept.
///
/// Sets of fewer rows than dimensions give distances that are too large, by a bias that falls as
/// 1 / N. Thread-safe after construction.
class FrechetReference {
 public:
  /// @throws DataError if there are fewer than two rows.
  explicit FrechetReference(const at::Tensor& rows_ND);
  /// @throws DataError for fewer than two rows, ShapeError if the dimensions differ.
  [[nodiscard]] FrechetDistance distance(const at::Tensor& rows_ND) const;

 private:
  at::Tensor mean_D_;
  at::Tensor root_DR_;  // the covariance is its product with its transpose; R its rank or more
  double trace_ = 0;
};

}  // namespace kilonat::metrics
