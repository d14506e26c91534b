#include "kilonat/train/linear_fit.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/tensor/random.h"

namespace kilonat::train {
namespace {

torch::Tensor noise(at::IntArrayRef shape) {
  return torch::randn(shape, tensor::make_generator(1), torch::kDouble);
}

TEST(LeastSquares, FindsAnAffineMapThatIsThere) {
  const torch::Tensor x = noise({200, 3});
  const AffineMap truth{torch::tensor({{1.0, -2.0, 0.5}, {0.0, 3.0, 1.0}}, torch::kDouble),
                        torch::tensor({4.0, -1.0}, torch::kDouble)};
  const AffineMap found = least_squares(x, truth.of(x), 1e-12);
  EXPECT_TRUE(torch::allclose(found.weight_OI, truth.weight_OI, 1e-6, 1e-6));
  EXPECT_TRUE(torch::allclose(found.bias_O, truth.bias_O, 1e-6, 1e-6));
}

TEST(LeastSquares, GivesTheMeanWhereTheInputDoesNotVary) {
  const torch::Tensor y = noise({50, 2});
  const AffineMap found = least_squares(torch::full({50, 3}, 7.0, torch::kDouble), y, 1e-3);
  EXPECT_TRUE(torch::equal(found.weight_OI, torch::zeros({2, 3}, torch::kDouble)));
  EXPECT_TRUE(torch::allclose(found.bias_O, y.mean(0)));
}

TEST(LeastSquares, ShrinksTheWeightByTheRidge) {
  const torch::Tensor x = noise({500, 1});
  // One dimension: the weight is c / (v + r v) = w / (1 + r).
  EXPECT_NEAR(least_squares(x, 2 * x, 0.25).weight_OI.item<double>(), 2 / 1.25, 1e-9);
}

}  // namespace
}  // namespace kilonat::train
