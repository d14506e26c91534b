#pragma once
/// The kernel audio distance (KAD): squared maximum mean discrepancy between sets of embeddings.
///
/// N and M rows, D dimensions of the embedding.

#include <ATen/core/Tensor.h>

namespace kilonat::metrics {

/// Kernel values are multiplied by this, as in kadtk.
inline constexpr double kKernelDistanceScale = 100;

/// The unbiased estimate of the squared discrepancy, times 100, of sets against one reference.
///
/// Gaussian kernel exp(-gamma d^2), gamma = 1 / (2 bandwidth^2 + 1e-8), bandwidth the (lower)
/// median of the distances between different rows of the reference. No assumption on the
/// distributions, and no bias from small sets; of equal distributions it is 0 on average, and so
/// may be negative. Source: arXiv 2502.15602; kadtk `kad.py`. Float64. Thread-safe after
/// construction.
class KernelDistance {
 public:
  /// @throws DataError for fewer than two rows.
  explicit KernelDistance(const at::Tensor& reference_MD);

  /// Kernel values of one set, from which its distance follows for any weights.
  struct Kernels {
    at::Tensor within_NN;
    at::Tensor across_N;  ///< mean over the reference
  };
  /// @throws ShapeError if the dimensions differ; DataError for fewer than two rows.
  [[nodiscard]] Kernels kernels_of(const at::Tensor& rows_ND) const;

  /// @param weights_N  how often each row counts (a bootstrap's draw); pairs of a row with itself
  ///     never do, so that a row drawn twice does not look like two equal sounds. Undefined: once.
  /// @throws DataError if fewer than two rows have weight.
  [[nodiscard]] double of(const Kernels& kernels, const at::Tensor& weights_N = {}) const;
  [[nodiscard]] double of(const at::Tensor& rows_ND) const { return of(kernels_of(rows_ND)); }

 private:
  [[nodiscard]] at::Tensor kernel(const at::Tensor& a_ND, const at::Tensor& b_MD) const;

  at::Tensor reference_MD_;
  double gamma_ = 0;
  double within_reference_ = 0;  // mean kernel value of its pairs
};

}  // namespace kilonat::metrics
