#include "kilonat/metrics/bootstrap.h"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/tensor/random.h"

namespace kilonat::metrics {
namespace {

TEST(Quantile, InterpolatesBetweenValues) {
  EXPECT_DOUBLE_EQ(quantile({3, 1, 2}, 0), 1);
  EXPECT_DOUBLE_EQ(quantile({3, 1, 2}, 0.25), 1.5);
  EXPECT_DOUBLE_EQ(quantile({3, 1, 2}, 1), 3);
  EXPECT_DOUBLE_EQ(quantile({5}, 0.7), 5);
}

TEST(Bootstrap, OfAMeanIsAsWideAsItsStandardErrorSays) {
  constexpr std::int64_t kClips = 400;
  const torch::Tensor values = torch::randn(
      {kClips}, tensor::make_generator(3), torch::TensorOptions().dtype(torch::kDouble));
  const auto mean_of = [&](const torch::Tensor& drawn) {
    return values.index_select(0, drawn).mean().item<double>();
  };
  const double mean = values.mean().item<double>();
  const Estimate found = bootstrap(mean, kClips, mean_of, {.num_draws = 2000});
  const double expected = 2 * 1.96 * values.std().item<double>() / std::sqrt(kClips);
  EXPECT_DOUBLE_EQ(found.value, mean);
  // The ends are quantiles of 2000 draws: each to about 4 % of the width.
  EXPECT_NEAR(found.high - found.low, expected, 0.1 * expected);
  EXPECT_LT(found.low, mean);
  EXPECT_GT(found.high, mean);
}

TEST(Bootstrap, IsNotMovedByAFigureThatIsBiasedInItsDraws) {
  const auto num_different = [](const torch::Tensor& drawn) {
    return static_cast<double>(std::get<0>(at::_unique(drawn)).numel());
  };
  const Estimate found = bootstrap(100, 100, num_different, {.num_draws = 500});
  // Draws hold 63 different clips, give or take 3.
  EXPECT_NEAR(0.5 * (found.low + found.high), 100, 1.5);
  EXPECT_NEAR(found.high - found.low, 4 * 3.1, 3);
}

TEST(Bootstrap, DrawsAtLeastTwoDifferentClips) {
  const auto expect_different = [](const torch::Tensor& drawn) {
    EXPECT_NE(drawn[0].item<std::int64_t>(), drawn[drawn.numel() - 1].item<std::int64_t>());
    return 0.0;
  };
  (void)bootstrap(0, 2, expect_different);
  // Of one clip there is only one draw.
  const Estimate one = bootstrap(7, 1, [](const torch::Tensor&) { return 7.0; });
  EXPECT_EQ(one.low, 7);
}

TEST(Bootstrap, DrawsTheSameFromTheSameSeed) {
  const auto sum = [](const torch::Tensor& drawn) { return drawn.sum().item<double>(); };
  const Estimate first = bootstrap(0, 20, sum, {.seed = 5});
  EXPECT_EQ(first.low, bootstrap(0, 20, sum, {.seed = 5}).low);
  EXPECT_NE(first.low, bootstrap(0, 20, sum, {.seed = 6}).low);
}

}  // namespace
}  // namespace kilonat::metrics
