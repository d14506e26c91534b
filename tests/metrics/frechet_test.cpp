#include "kilonat/metrics/frechet.h"

#include <cmath>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"

namespace kilonat::metrics {
namespace {

torch::Tensor normal(std::int64_t rows, std::int64_t width, std::uint64_t seed) {
  return torch::randn(
      {rows, width}, tensor::make_generator(seed), torch::TensorOptions().dtype(torch::kDouble));
}

/// Four rows with this mean and a covariance of diag(variances): +- one deviation on each axis.
torch::Tensor diagonal_rows(const std::vector<double>& mean, const std::vector<double>& variances) {
  const torch::Tensor stddev = torch::tensor(variances, torch::kDouble).sqrt();
  // Two rows of each axis differ from the mean by d; the covariance divides 2 d^2 by N - 1 = 3.
  const torch::Tensor axes = torch::diag(stddev * std::sqrt(1.5));
  return torch::tensor(mean, torch::kDouble) + torch::cat({axes, -axes});
}

/// tr (A B)^(1/2) by the eigenvalues of A^(1/2) B A^(1/2): another way than the library's, exact to
/// rounding where both covariances have full rank.
double symmetric_trace_of_root(const torch::Tensor& a_ND, const torch::Tensor& b_ND) {
  const auto [values_D, vectors_DD] = at::linalg_eigh(torch::cov(a_ND.t()));
  const torch::Tensor root_DD = torch::matmul(vectors_DD * values_D.sqrt(), vectors_DD.t());
  const torch::Tensor product_DD =
      torch::matmul(torch::matmul(root_DD, torch::cov(b_ND.t())), root_DD);
  return at::linalg_eigvalsh(0.5 * (product_DD + product_DD.t())).sqrt().sum().item<double>();
}

TEST(FrechetDistance, OfDiagonalGaussiansIsTheSumOverAxes) {
  // |m|^2 + sum (s_a - s_b)^2, in closed form.
  const FrechetDistance found =
      FrechetReference(diagonal_rows({2, 1}, {1, 25})).distance(diagonal_rows({0, 1}, {4, 9}));
  EXPECT_NEAR(found.distance, 4 + 1 + 4, 1e-12);
  EXPECT_NEAR(found.mean_distance_squared, 4, 1e-12);
  EXPECT_NEAR(found.trace_of_root, 2 + 15, 1e-12);
}

TEST(FrechetDistance, OfASetToItselfIsZeroWhateverItsRank) {
  for (const std::int64_t rows : {5, 20, 400}) {
    const torch::Tensor set = normal(rows, 20, 1);
    // Of the order of the traces' rounding: 20 dimensions x 1e-16, and roots of it in full rank.
    EXPECT_NEAR(FrechetReference(set).distance(set).distance, 0, 1e-10) << rows;
  }
}

TEST(FrechetDistance, TakesTheTraceThatTheSymmetricFormHas) {
  const torch::Tensor a = normal(60, 8, 1);
  const torch::Tensor b = 0.5 * normal(90, 8, 2) + 0.1;
  // Sums of 8 values of about 0.5: rounding is far below 1e-10.
  const double expected = symmetric_trace_of_root(a, b);
  EXPECT_NEAR(FrechetReference(b).distance(a).trace_of_root, expected, 1e-10);
  EXPECT_NEAR(FrechetReference(a).distance(b).trace_of_root, expected, 1e-10);
}

TEST(FrechetDistance, NamesSetsItCannotCompare) {
  EXPECT_THROW((void)FrechetReference(normal(1, 4, 1)), DataError);
  EXPECT_THROW((void)FrechetReference(normal(9, 4, 1)).distance(normal(1, 4, 2)), DataError);
  EXPECT_THROW((void)FrechetReference(normal(9, 5, 1)).distance(normal(9, 4, 2)), ShapeError);
  EXPECT_THROW((void)FrechetReference(normal(9, 50, 1)).distance(normal(9, 40, 2)), ShapeError);
}

}  // namespace
}  // namespace kilonat::metrics
