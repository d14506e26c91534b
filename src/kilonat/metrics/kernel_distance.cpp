#include "kilonat/metrics/kernel_distance.h"

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"

namespace kilonat::metrics {
namespace {

at::Tensor checked(const at::Tensor& rows_ND) {
  KILONAT_REQUIRE(rows_ND.dim() == 2 && rows_ND.size(0) >= 2,
                  DataError,
                  "kernel distance: {} rows, expected at least 2 to compare among themselves",
                  rows_ND.dim() == 2 ? rows_ND.size(0) : 0);
  return rows_ND.to(at::kDouble);
}

/// Mean over pairs of different rows; each pair counts as often as the product of its weights.
double mean_over_pairs(const at::Tensor& kernel_NN, const at::Tensor& weights_N) {
  const at::Tensor weights_NN = at::outer(weights_N, weights_N);
  weights_NN.fill_diagonal_(0);
  const double total = weights_NN.sum().item<double>();
  KILONAT_REQUIRE(total > 0, DataError, "kernel distance: fewer than 2 rows have weight");
  return (kernel_NN * weights_NN).sum().item<double>() / total;
}

double gamma_of(const at::Tensor& reference_MD) {
  const double bandwidth = at::pdist(reference_MD.contiguous()).median().item<double>();
  return 1.0 / (2 * bandwidth * bandwidth + 1e-8);
}

}  // namespace

KernelDistance::KernelDistance(const at::Tensor& reference_MD)
    : reference_MD_(checked(reference_MD)), gamma_(gamma_of(reference_MD_)) {
  within_reference_ = mean_over_pairs(kernel(reference_MD_, reference_MD_),
                                      at::ones({reference_MD_.size(0)}, reference_MD_.options()));
}

at::Tensor KernelDistance::kernel(const at::Tensor& a_ND, const at::Tensor& b_MD) const {
  // By differences: by products, small distances between far-off rows would be lost to rounding.
  const at::Tensor distances_NM = at::cdist(a_ND, b_MD, 2.0, /*compute_mode=*/2);
  return at::exp(-gamma_ * distances_NM.square());
}

KernelDistance::Kernels KernelDistance::kernels_of(const at::Tensor& rows_ND) const {
  const at::Tensor x_ND = checked(rows_ND);
  KILONAT_REQUIRE(x_ND.size(1) == reference_MD_.size(1),
                  ShapeError,
                  "kernel distance: embeddings of {} dimensions, the reference has {}",
                  x_ND.size(1),
                  reference_MD_.size(1));
  return {kernel(x_ND, x_ND), kernel(x_ND, reference_MD_).mean(1)};
}

double KernelDistance::of(const Kernels& kernels, const at::Tensor& weights_N) const {
  const at::Tensor w_N =
      weights_N.defined() ? weights_N.to(at::kDouble) : at::ones_like(kernels.across_N);
  const double within = mean_over_pairs(kernels.within_NN, w_N);
  const double across = ((kernels.across_N * w_N).sum() / w_N.sum()).item<double>();
  return kKernelDistanceScale * (within + within_reference_ - 2 * across);
}

}  // namespace kilonat::metrics
