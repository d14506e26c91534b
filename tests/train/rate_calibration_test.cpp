#include "kilonat/train/rate_calibration.h"

#include <cmath>

#include "train/small_codec.h"
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/train/bottleneck_init.h"

namespace kilonat::train {
namespace {

using testing::noise_batch;
using testing::small_codec;

constexpr std::int64_t kEdgeFrames = 2;
constexpr std::int64_t kNumBatches = 16;

std::function<torch::Tensor()> batches_from(std::uint64_t seed) {
  return [seed]() mutable { return noise_batch(seed++); };
}

/// A model that carries about 12 nats per frame.
codec::Autoencoder model_of_12_nats(bool projections) {
  codec::Autoencoder model(small_codec(projections), 7);
  initialise_bottleneck_(model, {.start_factor = 1.0}, 12.0, kEdgeFrames, batches_from(1));
  return model;
}

class CalibrateRate : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Projections, CalibrateRate, ::testing::Bool());

TEST_P(CalibrateRate, BringsTheRateToTheTargetAndMovesOtherExcerptsAsFar) {
  for (const double target_nats : {10.5, 13.5}) {
    codec::Autoencoder model = model_of_12_nats(GetParam());
    const auto nats_from = [&](std::uint64_t seed) {
      return mean_nats(model, kNumBatches, kEdgeFrames, batches_from(seed));
    };
    const double before = nats_from(100);
    const double others_before = nats_from(500);
    const auto contraction =
        calibrate_rate_(model, target_nats, 0.3, kNumBatches, kEdgeFrames, batches_from(100));
    ASSERT_TRUE(contraction.has_value());
    EXPECT_EQ(*contraction > 0, target_nats < 12);  // a wider posterior carries less
    EXPECT_NEAR(nats_from(100), target_nats, 1e-3);
    // The two sets of excerpts differ by some 2 %; the contraction moves both alike, to a hundredth
    // of it.
    const double moved = target_nats - before;
    EXPECT_NEAR(nats_from(500) - others_before, moved, 0.04 * std::abs(moved));
  }
}

TEST_P(CalibrateRate, LeavesARunThatMissedItsTargetAsItIs) {
  codec::Autoencoder model = model_of_12_nats(GetParam());
  const torch::Tensor bias = posterior_layer(model).bias.detach().clone();
  EXPECT_FALSE(
      calibrate_rate_(model, 20.0, 0.15, kNumBatches, kEdgeFrames, batches_from(100)).has_value());
  EXPECT_TRUE(torch::equal(posterior_layer(model).bias, bias));
}

// Where the means hold the nats and the spreads are nearly the prior's, wider ones cost nats again.
TEST(CalibrateRate, LowersARateThatHardlyShowsInTheSpreads) {
  codec::Autoencoder model = model_of_12_nats(true);
  contract_spreads_(posterior_layer(model), 0.97);
  const double before = mean_nats(model, 2, kEdgeFrames, batches_from(100));
  const double target_nats = 0.999 * before;
  ASSERT_TRUE(
      calibrate_rate_(model, target_nats, 0.3, 2, kEdgeFrames, batches_from(100)).has_value());
  EXPECT_NEAR(mean_nats(model, 2, kEdgeFrames, batches_from(100)), target_nats, 1e-4 * before);
}

TEST(CalibrateRate, SaysSoWhereTheMeansAloneHoldMore) {
  codec::Autoencoder model = model_of_12_nats(true);
  contract_spreads_(posterior_layer(model), 1.0);  // as wide as the prior: all nats are the means'
  const torch::Tensor bias = posterior_layer(model).bias.detach().clone();
  const double nats = mean_nats(model, 2, kEdgeFrames, batches_from(100));
  EXPECT_FALSE(
      calibrate_rate_(model, 0.9 * nats, 0.3, 2, kEdgeFrames, batches_from(100)).has_value());
  EXPECT_TRUE(torch::equal(posterior_layer(model).bias, bias));
}

TEST(CalibrateRate, TouchesNothingButTheSpreads) {
  codec::Autoencoder model = model_of_12_nats(true);
  const torch::Tensor before = model->encode(noise_batch(9)).posterior->mean_BDF.detach().clone();
  ASSERT_TRUE(calibrate_rate_(model, 11.0, 0.3, 2, kEdgeFrames, batches_from(100)).has_value());
  EXPECT_TRUE(torch::equal(model->encode(noise_batch(9)).posterior->mean_BDF, before));
}

}  // namespace
}  // namespace kilonat::train
