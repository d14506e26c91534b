#include "kilonat/train/rate_terms.h"

#include <vector>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"

namespace kilonat::train {
namespace {

/// B=4, D=3, F=10 with some offset, so that A is not zero.
torch::Tensor some_means() {
  torch::manual_seed(3);
  return torch::randn({4, 3, 10}, torch::kDouble) * 1.5 + 0.7;
}
torch::Tensor some_stddevs() {
  torch::manual_seed(4);
  return torch::rand({4, 3, 10}, torch::kDouble) * 0.5 + 0.1;
}

/// K_matched as design.md defines it: against the Gaussian with the batch's own moments.
torch::Tensor matched_nats(const torch::Tensor& mean, const torch::Tensor& stddev) {
  const std::vector<std::int64_t> dims{0, 2};
  const auto first = mean.mean(at::IntArrayRef(dims), true);
  const auto variance =
      ((mean - first).square() + stddev.square()).mean(at::IntArrayRef(dims), true);
  return (0.5 * ((stddev.square() + (mean - first).square()) / variance - 1 - 2 * stddev.log() +
                 variance.log()))
      .sum(1)
      .mean();
}

TEST(RateStatistics, GiveKAsTheMeanOverFramesOfTheSumOverChannels) {
  // KL(N(1, 1) || N(0, 1)) = 1/2 nat in each of 3 channels.
  const auto statistics = rate_statistics(torch::ones({2, 3, 5}), torch::ones({2, 3, 5}), 0);
  EXPECT_NEAR(statistics.kl_nats.item<double>(), 1.5, 1e-12);
}

TEST(RateStatistics, LeaveTheEdgesOut) {
  torch::Tensor mean = torch::zeros({1, 2, 6});
  mean.slice(2, 0, 2).fill_(100);
  mean.slice(2, 4, 6).fill_(100);
  const auto statistics = rate_statistics(mean, torch::ones({1, 2, 6}), 2);
  EXPECT_EQ(statistics.kl_nats.item<double>(), 0);
}

TEST(RateStatistics, RefuseExcerptsThatAreAllEdge) {
  EXPECT_THROW((void)rate_statistics(torch::zeros({1, 2, 6}), torch::ones({1, 2, 6}), 3),
               ConfigError);
}

TEST(RateStatistics, SplitKIntoMatchedAndAggregate) {
  const auto observation = observe(rate_statistics(some_means(), some_stddevs(), 0));
  // Two ways to sum 120 doubles.
  EXPECT_NEAR(observation.matched_nats_per_frame,
              matched_nats(some_means(), some_stddevs()).item<double>(),
              1e-9);
}

TEST(RateLoss, HasTheGradientOfTheThreeRatesThemselves) {
  const rate::RateTerm term{
      .kl_coefficient = 0.3, .matched_coefficient = -0.7, .aggregate_coefficient = 0.2};
  auto mean = some_means().requires_grad_();
  auto stddev = some_stddevs().requires_grad_();
  const auto statistics = rate_statistics(mean, stddev, 0);
  rate_loss(statistics, combine(std::vector{statistics}), term).backward();

  auto mean_reference = some_means().requires_grad_();
  auto stddev_reference = some_stddevs().requires_grad_();
  const auto kl = rate_statistics(mean_reference, stddev_reference, 0).kl_nats;
  const auto matched = matched_nats(mean_reference, stddev_reference);
  (0.3 * kl - 0.7 * matched + 0.2 * (kl - matched)).backward();

  EXPECT_TRUE(torch::allclose(mean.grad(), mean_reference.grad(), 1e-9, 1e-12));
  EXPECT_TRUE(torch::allclose(stddev.grad(), stddev_reference.grad(), 1e-9, 1e-12));
}

TEST(RateLoss, GivesTheWholeBatchsGradientFromMicroBatches) {
  const rate::RateTerm term{
      .kl_coefficient = 0.3, .matched_coefficient = 0.7, .aggregate_coefficient = 0.2};
  auto whole = some_means().requires_grad_();
  const auto statistics = rate_statistics(whole, some_stddevs(), 1);
  rate_loss(statistics, combine(std::vector{statistics}), term).backward();

  auto split = some_means().requires_grad_();
  std::vector<RateStatistics> parts;
  for (int i = 0; i < 2; ++i) {
    parts.push_back(
        rate_statistics(split.narrow(0, 2 * i, 2), some_stddevs().narrow(0, 2 * i, 2), 1));
  }
  const RateStatistics batch = combine(parts);
  for (const auto& part : parts) (rate_loss(part, batch, term) / 2).backward();
  EXPECT_TRUE(torch::allclose(split.grad(), whole.grad(), 1e-9, 1e-12));
}

}  // namespace
}  // namespace kilonat::train
