#include "kilonat/metrics/frechet.h"

#include <cmath>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"

namespace kilonat::metrics {
namespace {

void require_rows(const at::Tensor& rows_ND) {
  KILONAT_REQUIRE(rows_ND.dim() == 2 && rows_ND.size(0) >= 2,
                  DataError,
                  "Frechet distance: {} rows, expected at least 2 for a covariance",
                  rows_ND.dim() == 2 ? rows_ND.size(0) : 0);
}

void require_same_width(std::int64_t a, std::int64_t b) {
  KILONAT_REQUIRE(a == b, ShapeError, "Frechet distance: embeddings of {} and {} dimensions", a, b);
}

/// Rows without their mean, over the root of N - 1: the covariance is X'X.
struct CentredRows {
  at::Tensor mean_D;
  at::Tensor scaled_ND;
};

CentredRows centred(const at::Tensor& rows_ND) {
  require_rows(rows_ND);
  const at::Tensor x_ND = rows_ND.to(at::kDouble);
  const at::Tensor mean_D = x_ND.mean(0);
  const double scale = 1.0 / std::sqrt(static_cast<double>(x_ND.size(0) - 1));
  return {mean_D, (x_ND - mean_D) * scale};
}

FrechetDistance assemble(const at::Tensor& mean_a,
                         const at::Tensor& mean_b,
                         double traces,
                         double trace_of_root) {
  FrechetDistance result{.mean_distance_squared = (mean_a - mean_b).square().sum().item<double>(),
                         .trace_of_root = trace_of_root};
  result.distance = result.mean_distance_squared + traces - 2 * trace_of_root;
  return result;
}

}  // namespace

FrechetReference::FrechetReference(const at::Tensor& rows_ND) {
  const CentredRows rows = centred(rows_ND);
  const auto [left, values_R, right_RD] = at::linalg_svd(rows.scaled_ND, /*full_matrices=*/false);
  mean_D_ = rows.mean_D;
  root_DR_ = right_RD.t() * values_R;
  trace_ = rows.scaled_ND.square().sum().item<double>();
}

FrechetDistance FrechetReference::distance(const at::Tensor& rows_ND) const {
  const CentredRows rows = centred(rows_ND);
  require_same_width(rows.mean_D.size(0), mean_D_.size(0));
  const at::Tensor values = at::linalg_svdvals(at::matmul(rows.scaled_ND, root_DR_));
  const double trace = rows.scaled_ND.square().sum().item<double>();
  return assemble(rows.mean_D, mean_D_, trace + trace_, values.sum().item<double>());
}

}  // namespace kilonat::metrics
