#include "kilonat/study/latent_figures.h"

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "train/small_codec.h"
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/rate/units.h"
#include "kilonat/tensor/random.h"
#include "kilonat/train/codec_eval.h"

namespace kilonat::study {
namespace {

codec::Autoencoder small_model() {
  codec::Autoencoder model(kilonat::testing::small_codec(), /*seed=*/3);
  model->eval();
  return model;
}

train::ClipSet clips_of(const std::vector<torch::Tensor>& sounds) {
  std::vector<train::Clip> clips;
  for (const torch::Tensor& audio_CT : sounds) {
    const double seconds = static_cast<double>(audio_CT.size(1)) / 8000;
    clips.push_back({"clip-" + std::to_string(clips.size()), audio_CT, 1.0, seconds});
  }
  return train::ClipSet(clips);
}

torch::Tensor noise(std::uint64_t seed, std::int64_t samples = 8000) {
  return 0.3 * torch::randn({1, samples}, tensor::make_generator(seed), torch::TensorOptions());
}

torch::Tensor tone(double frequency_hz) {
  const torch::Tensor time = torch::arange(8000, torch::kDouble) / 8000;
  return (0.3 * (2 * std::numbers::pi * frequency_hz * time).sin()).to(torch::kFloat).unsqueeze(0);
}

/// The point of `held_out`, with the posteriors of its clips as a study adds them.
Point point_of(codec::Autoencoder& model, const train::ClipSet& held_out) {
  std::vector<std::size_t> all(held_out.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  Point point;
  add_latent_figures(model,
                     train::measure_latents(model, held_out, all),
                     clips_of({noise(1), noise(2), noise(3)}),
                     held_out,
                     point);
  return point;
}

TEST(LatentFigures, CompareThePredictiveRateWithTheSameFramesUnderThePrior) {
  codec::Autoencoder model = small_model();
  const torch::Tensor audio = noise(7);
  const Point point = point_of(model, clips_of({audio}));

  const torch::NoGradGuard no_grad;
  const codec::Posterior posterior = *model->encode(audio.unsqueeze(0)).posterior;
  const std::int64_t edge = train::edge_frames(model->options());
  const std::int64_t first = edge + kContextFrames;
  const std::int64_t frames = posterior.mean_BDF.size(2) - edge - first;
  const auto cut = [&](const torch::Tensor& x_BDF) {
    return x_BDF.narrow(2, first, frames).to(torch::kDouble);
  };
  const torch::Tensor variance = cut(posterior.stddev_BDF).square();
  const torch::Tensor nats =
      0.5 * (cut(posterior.mean_BDF).square() + variance - 1 - variance.log());
  const double kbps =
      rate::kbps_from_nats(nats.sum(1).mean().item<double>(), model->frame_rate_hz());
  EXPECT_NEAR(point.latent->context_kl_kbps.value(), kbps, 1e-6 * kbps);
  // An untrained encoder is far from the prior: a fitted Gaussian costs less.
  EXPECT_GT(point.rates.at("predictive_kbps"), 0);
  EXPECT_LT(point.rates.at("predictive_kbps"), kbps);
}

TEST(LatentFigures, DescribeEveryChannel) {
  codec::Autoencoder model = small_model();
  const LatentFigures latent = *point_of(model, clips_of({noise(7), noise(8)})).latent;
  EXPECT_EQ(latent.nats_per_channel.size(), 6U);
  EXPECT_GE(latent.effective_rank.value(), 1);
  EXPECT_LE(latent.effective_rank.value(), 6);
  EXPECT_GE(latent.active_channels.value(), 0);
  EXPECT_TRUE(latent.lpc_gain_db.has_value());
  EXPECT_TRUE(latent.spectral_decay.has_value());
}

TEST(LatentFigures, LeaveOutWhatClipsAreTooShortFor) {
  codec::Autoencoder model = small_model();
  const std::int64_t edge = train::edge_frames(model->options());
  const Point point = point_of(model, clips_of({noise(7, 8 * (2 * edge + 4))}));
  EXPECT_EQ(point.latent->nats_per_channel.size(), 6U);
  EXPECT_EQ(point.latent->context_kl_kbps, std::nullopt);
  EXPECT_EQ(point.latent->effective_rank, std::nullopt);
  EXPECT_EQ(point.latent->spectral_decay, std::nullopt);
  EXPECT_FALSE(point.rates.contains("predictive_kbps"));
}

TEST(ShiftEquivariance, IsOneForLatentsThatFollowTheSoundBetweenFrames) {
  codec::Autoencoder model = small_model();
  const double slow = shift_equivariance(model, clips_of({tone(20)})).value();
  const double fast = shift_equivariance(model, clips_of({noise(7)})).value();
  EXPECT_GT(slow, 0.95);
  EXPECT_LE(slow, 1);
  EXPECT_LT(fast, 0.9);
}

TEST(ShiftEquivariance, IsUnknownWhereNothingMoves) {
  codec::Autoencoder model = small_model();
  EXPECT_EQ(shift_equivariance(model, clips_of({torch::zeros({1, 8000})})), std::nullopt);
  EXPECT_EQ(shift_equivariance(model, clips_of({noise(7, 8)})), std::nullopt);
}

}  // namespace
}  // namespace kilonat::study
