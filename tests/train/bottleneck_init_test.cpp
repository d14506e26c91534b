#include "kilonat/train/bottleneck_init.h"

#include <cmath>
#include <utility>
#include <vector>

#include "train/small_codec.h"
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/train/rate_terms.h"

namespace kilonat::train {
namespace {

using testing::noise_batch;
using testing::small_codec;

struct Case {
  bool projections = true;
  double target_nats = 0;
};

class InitialiseBottleneckTo : public ::testing::TestWithParam<Case> {};

TEST_P(InitialiseBottleneckTo, GivesThePriorsMomentsAndTheStartOfTheRate) {
  codec::Autoencoder model(small_codec(GetParam().projections), 7);
  std::uint64_t seed = 1;
  const auto report = initialise_bottleneck_(
      model, {.start_factor = 2.0}, GetParam().target_nats, 2, [&] { return noise_batch(seed++); });
  EXPECT_DOUBLE_EQ(report.start_nats, std::max(2 * GetParam().target_nats, 6.0));
  // The spread of the spreads (relative_spread) moves the mean of ln stddev a little.
  EXPECT_NEAR(report.measured_nats, report.start_nats, 0.05 * report.start_nats);

  const torch::NoGradGuard no_grad;
  const auto posterior = *model->encode(noise_batch(1)).posterior;
  const auto rates = rate_statistics(posterior.mean_BDF, posterior.stddev_BDF, 2);
  // One of the four batches it was measured on: 4 x 28 frames of noise per channel.
  EXPECT_LT(rates.first_D.abs().max().item<double>(), 0.3);
  EXPECT_NEAR(rates.second_D.mean().item<double>(), 1.0, 0.2);
  // K and K_matched agree: no nat is spent on a constant offset.
  const auto observed = observe(rates);
  EXPECT_NEAR(observed.matched_nats_per_frame,
              observed.kl_nats_per_frame,
              0.1 * observed.kl_nats_per_frame);
}

TEST(InitialiseBottleneck, LeavesTheScaleOfChannelsThatSilenceDoesNotMove) {
  codec::Autoencoder model(small_codec(), 7);
  const torch::Tensor before = posterior_layer(model).weight_g.detach().clone();
  initialise_bottleneck_(model, {}, 10.0, 2, [] { return torch::zeros({4, 1, 256}); });
  EXPECT_TRUE(torch::equal(posterior_layer(model).weight_g, before));
}

/// Standard deviation of a model's raw spreads over four batches, per channel, mean.
double raw_spread(codec::Autoencoder& model) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> parts;
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    parts.push_back(inner_posterior_parameters(model, noise_batch(seed), 2).narrow(1, 6, 6));
  }
  return torch::cat(parts).transpose(0, 1).flatten(1).std(1, false).mean().item<double>();
}

TEST(InitialiseBottleneck, LetsSpreadsDifferNoMoreThanThereAreNats) {
  for (const auto& [target_nats, expected] :
       {std::pair{1.5, 0.5}, std::pair{4.2, 1.6}, std::pair{30.0, 2.0}}) {
    codec::Autoencoder model(small_codec(), 7);
    std::uint64_t seed = 1;
    initialise_bottleneck_(
        model,
        {.start_factor = 2.0, .min_nats_per_channel = 0.1, .relative_spread = 2.0},
        target_nats,  // of 6 channels: 0.5, 1.4 and 10 nats each, of which 8.75 are possible
        2,
        [&] { return noise_batch(seed++); });
    EXPECT_NEAR(raw_spread(model), expected, 0.01 * expected) << target_nats;
  }
}

TEST(InitialiseBottleneck, StartsNarrowerWhereTheSoundIsLouder) {
  const torch::Tensor gains = torch::tensor({1.0F, 0.3F, 0.01F, 0.0F}).view({4, 1, 1});
  const auto batch = [&](std::uint64_t seed) { return gains * noise_batch(seed); };
  const auto nats_of_items = [&](bool by_level) {
    codec::Autoencoder model(small_codec(), 7);
    std::uint64_t seed = 1;
    initialise_bottleneck_(
        model, {.spread_by_level = by_level}, 10.0, 2, [&] { return batch(seed++); });
    const torch::NoGradGuard no_grad;
    return -model->encode(batch(99)).posterior->stddev_BDF.log().mean(at::IntArrayRef{1, 2});
  };
  const torch::Tensor nats = nats_of_items(true);
  EXPECT_GT(nats[0].item<double>(), nats[1].item<double>());
  EXPECT_GT(nats[1].item<double>(), nats[2].item<double>());
  // By chance loud and silent differ by far less.
  const torch::Tensor by_chance = nats_of_items(false);
  EXPECT_GT((nats[0] - nats[3]).item<double>(),
            2 * (by_chance[0] - by_chance[3]).abs().item<double>());
}

INSTANTIATE_TEST_SUITE_P(Bottlenecks,
                         InitialiseBottleneckTo,
                         ::testing::Values(Case{true, 1.0}, Case{true, 10.0}, Case{false, 5.0}));

}  // namespace
}  // namespace kilonat::train
