#include "kilonat/diffusion/latent_normaliser.h"

#include <cmath>
#include <utility>

#include "diffusion/small_transformer.h"
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::diffusion {
namespace {

/// Channel 1 carries nothing, channel 3 has hardly any spread.
LatentChannels four_channels() {
  return {.mean_D = torch::tensor({1.0, 0.25, -2.0, 0.0}),
          .stddev_D = torch::tensor({2.0, 1.0, 0.5, 0.01}),
          .nats_D = torch::tensor({3.0, 0.005, 0.4, 0.02})};
}

/// Latents with the moments of four_channels().
at::Tensor latents() {
  const LatentChannels channels = four_channels();
  return random_normal({4, 4, 5000}, 1) * channels.stddev_D.view({1, 4, 1}) +
         channels.mean_D.view({1, 4, 1});
}

TEST(LatentNormaliser, GivesUnitVarianceToChannelsThatCarrySomething) {
  const LatentNormaliser normaliser(four_channels(), {});
  const at::Tensor x = normaliser.normalise(latents());
  ASSERT_EQ(x.sizes(), (std::vector<std::int64_t>{4, 3, 5000}));
  EXPECT_TRUE(normaliser.kept().equal(torch::tensor({0, 2, 3})));
  const at::Tensor stddev = x.std(at::IntArrayRef({0, 2}), /*unbiased=*/false);
  // 20 000 values: 4 / sqrt(40 000) = 2 %. The last is divided by the floor of 0.1.
  EXPECT_LT(largest_difference(stddev, torch::tensor({1.0, 1.0, 0.1})), 0.02);
  EXPECT_LT(x.mean(at::IntArrayRef({0, 2})).abs().max().item<double>(), 0.03);
}

TEST(LatentNormaliser, BringsKeptChannelsBackAndDrawsTheOthers) {
  const LatentNormaliser normaliser(four_channels(), {});
  const at::Tensor z = latents();
  const at::Tensor back =
      normaliser.denormalise(normaliser.normalise(z), tensor::make_generator(5));
  for (const int channel : {0, 2, 3}) {
    EXPECT_LT(largest_difference(back.select(1, channel), z.select(1, channel)), 1e-5);
  }
  const at::Tensor drawn = back.select(1, 1);
  EXPECT_NEAR(drawn.mean().item<double>(), 0.25, 0.03);  // 4 / sqrt(20 000)
  EXPECT_NEAR(drawn.std().item<double>(), 1, 0.02);
  EXPECT_GT(largest_difference(drawn, z.select(1, 1)), 1);
}

TEST(LatentNormaliser, PutsDiffusedChannelsAmongOthersThatStay) {
  const LatentNormaliser normaliser(four_channels(), {});
  const at::Tensor z = latents();
  const at::Tensor x = torch::ones({4, 3, 5000});
  const at::Tensor found = normaliser.with_diffused(z, x);
  EXPECT_TRUE(found.select(1, 1).equal(z.select(1, 1)));
  // One deviation above the mean; the last channel's is the floor.
  for (const auto& [channel, value] : {std::pair(0, 3.0), std::pair(2, -1.5), std::pair(3, 0.1)}) {
    EXPECT_LT((found.select(1, channel) - value).abs().max().item<double>(), 1e-6) << channel;
  }
  EXPECT_THROW((void)normaliser.with_diffused(z.narrow(2, 0, 4), x), ShapeError);
}

TEST(LatentNormaliser, DrawsTheSameFromTheSameSeed) {
  const LatentNormaliser normaliser(four_channels(), {});
  const at::Tensor x = normaliser.normalise(latents());
  const auto decoded = [&](std::uint64_t seed) {
    return normaliser.denormalise(x, tensor::make_generator(seed));
  };
  EXPECT_TRUE(decoded(1).equal(decoded(1)));
  EXPECT_FALSE(decoded(1).equal(decoded(2)));
}

TEST(LatentNormaliser, SurvivesItsState) {
  const LatentNormaliser first(four_channels(), {});
  const LatentNormaliser second = LatentNormaliser::from_state(first.state("a."), "a.");
  const at::Tensor z = latents();
  EXPECT_TRUE(first.normalise(z).equal(second.normalise(z)));
  const at::Tensor x = first.normalise(z);
  EXPECT_TRUE(first.denormalise(x, tensor::make_generator(1))
                  .equal(second.denormalise(x, tensor::make_generator(1))));
}

TEST(LatentNormaliser, TakesChannelsForTheGaussiansThatItBringsThemTo) {
  const LatentNormaliser normaliser(four_channels(), {});
  // Posteriors that are these Gaussians cost nothing; the last has the floor's width.
  const at::Tensor mean = torch::tensor({1.0, 0.25, -2.0, 0.0}).unsqueeze(1);
  const at::Tensor stddev = torch::tensor({2.0, 1.0, 0.5, 0.1}).unsqueeze(1);
  EXPECT_NEAR(normaliser.static_nats(mean, stddev).item<double>(), 0, 1e-6);
  at::Tensor moved = mean.clone();
  moved[0] += 2.0 * 2.0;  // two deviations: 2 nats
  EXPECT_NEAR(normaliser.static_nats(moved, stddev).item<double>(), 2, 1e-6);
  at::Tensor narrow = stddev.clone();
  narrow[1] = 0.5;  // a channel that is left out, too
  EXPECT_NEAR(normaliser.static_nats(mean, narrow).item<double>(),
              0.5 * (0.25 - 1 - 2 * std::log(0.5)),
              1e-6);
  EXPECT_THROW((void)normaliser.static_nats(mean, stddev.narrow(0, 0, 3)), ShapeError);
}

TEST(LatentNormaliser, RefusesAStateThatDoesNotFit) {
  const LatentNormaliser normaliser(four_channels(), {});
  tensor::TensorMap state = normaliser.state();
  state.erase("normaliser.kept");
  EXPECT_THROW((void)LatentNormaliser::from_state(state), FormatError);
  state = normaliser.state();
  state["normaliser.kept"] = torch::tensor({0, 4});
  EXPECT_THROW((void)LatentNormaliser::from_state(state), FormatError);
  state = normaliser.state();
  state["normaliser.scale"] = torch::zeros({4});
  EXPECT_THROW((void)LatentNormaliser::from_state(state), FormatError);
}

TEST(LatentNormaliser, RefusesLatentsOfAnotherWidthAndStatisticsThatAreNone) {
  const LatentNormaliser normaliser(four_channels(), {});
  EXPECT_THROW((void)normaliser.normalise(torch::zeros({1, 3, 5})), ShapeError);
  EXPECT_THROW((void)normaliser.denormalise(torch::zeros({1, 4, 5}), tensor::make_generator(1)),
               ShapeError);
  EXPECT_THROW(LatentNormaliser(four_channels(), {.min_nats = 10}), DataError);
  LatentChannels broken = four_channels();
  broken.mean_D[0] = std::nan("");
  EXPECT_THROW(LatentNormaliser(broken, {}), NumericError);
}

TEST(LatentNormaliser, KeepsAllChannelsIfNothingNeedBeCarried) {
  LatentChannels channels = four_channels();
  channels.nats_D[1] = -1e-9;  // no nats, rounded
  EXPECT_EQ(LatentNormaliser(channels, {.min_nats = 0}).num_diffused(), 4);
}

}  // namespace
}  // namespace kilonat::diffusion
