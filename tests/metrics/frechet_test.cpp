#include "kilonat/metrics/frechet.h"

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

TEST(FrechetDistance, OfDiagonalGaussiansIsTheSumOverAxes) {
  // |m|^2 + sum (s_a - s_b)^2, in closed form.
  const GaussianMoments a{torch::tensor({0.0, 1.0}, torch::kDouble),
                          torch::diag(torch::tensor({4.0, 9.0}, torch::kDouble))};
  const GaussianMoments b{torch::tensor({2.0, 1.0}, torch::kDouble),
                          torch::diag(torch::tensor({1.0, 25.0}, torch::kDouble))};
  const FrechetDistance found = frechet_distance(a, b);
  EXPECT_NEAR(found.distance, 4 + 1 + 4, 1e-12);
  EXPECT_NEAR(found.trace_of_root, 2 + 15, 1e-12);
}

TEST(FrechetDistance, OfASetToItselfIsZeroWhateverItsRank) {
  for (const std::int64_t rows : {5, 20, 400}) {
    const torch::Tensor set = normal(rows, 20, 1);
    // Of the order of the traces' rounding: 20 dimensions x 1e-16, and roots of it in full rank.
    EXPECT_NEAR(frechet_distance(set, set).distance, 0, 1e-10) << rows;
  }
}

TEST(FrechetDistance, BothFormsAgreeWhereBothAreExact) {
  const torch::Tensor a = normal(60, 8, 1);
  const torch::Tensor b = 0.5 * normal(90, 8, 2) + 0.1;
  const double by_moments = frechet_distance(gaussian_moments(a), gaussian_moments(b)).distance;
  EXPECT_NEAR(frechet_distance(a, b).distance, by_moments, 1e-10);
  EXPECT_NEAR(frechet_distance(b, a).distance, by_moments, 1e-10);
}

TEST(FrechetDistance, NamesSetsItCannotCompare) {
  EXPECT_THROW((void)frechet_distance(normal(1, 4, 1), normal(9, 4, 2)), DataError);
  EXPECT_THROW((void)frechet_distance(normal(9, 4, 1), normal(9, 5, 2)), ShapeError);
  EXPECT_THROW((void)frechet_distance(normal(9, 40, 1), normal(9, 50, 2)), ShapeError);
}

}  // namespace
}  // namespace kilonat::metrics
