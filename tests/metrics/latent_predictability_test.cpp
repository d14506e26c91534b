#include "kilonat/metrics/latent_predictability.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"

namespace kilonat::metrics {
namespace {

constexpr std::int64_t kContext = 8;

at::Tensor normal(at::IntArrayRef shape, std::uint64_t seed) {
  return torch::randn(shape, tensor::make_generator(seed), torch::kDouble);
}

/// Means that follow m_t = coefficient m_{t-1} + noise, of unit variance; [2, frames].
at::Tensor autoregressive(double coefficient, std::int64_t frames, std::uint64_t seed) {
  const at::Tensor noise = normal({2, frames}, seed) * std::sqrt(1 - coefficient * coefficient);
  at::Tensor x = torch::empty_like(noise);
  x.select(1, 0) = normal({2}, seed + 1000);
  for (std::int64_t t = 1; t < frames; ++t) {
    x.select(1, t) = coefficient * x.select(1, t - 1) + noise.select(1, t);
  }
  return x;
}

LatentMoments moments_of(const at::Tensor& mean_DF, double stddev) {
  LatentMoments moments(mean_DF.size(0), kContext);
  moments.add(mean_DF, torch::full_like(mean_DF, stddev));
  return moments;
}

TEST(LatentMoments, GiveTheKlOfTheirFrames) {
  const at::Tensor mean = normal({3, 50}, 1) + 0.5;
  const at::Tensor stddev = 0.1 + normal({3, 50}, 2).abs();
  LatentMoments moments(3, kContext);
  moments.add(mean, stddev);
  EXPECT_EQ(moments.num_frames(), 42);
  const auto used = [](const at::Tensor& x) { return x.slice(1, kContext); };
  const double kl = (0.5 * (used(mean).square() + used(stddev).square() - 1) - used(stddev).log())
                        .sum(0)
                        .mean()
                        .item<double>();
  EXPECT_NEAR(nats_under_standard_normal(moments), kl, 1e-12);
}

TEST(LatentMoments, LeaveOutClipsThatAreTooShort) {
  LatentMoments moments(2, kContext);
  moments.add(normal({2, kContext}, 1), torch::ones({2, kContext}, torch::kDouble));
  EXPECT_EQ(moments.num_frames(), 0);
  EXPECT_THROW((void)nats_under_standard_normal(moments), DataError);
  EXPECT_THROW((void)fit_linear_prior(moments, 1, 0), DataError);
}

// The gain of an AR(1) process whose latents carry no noise is -ln(1 - a^2) / 2 a channel.
TEST(Predictability, FindsTheGainOfAnAutoregressiveLatent) {
  constexpr double kCoefficient = 0.9;
  constexpr double kStddev = 0.01;
  const auto result = measure_predictability(moments_of(autoregressive(0.9, 60000, 1), kStddev),
                                             moments_of(autoregressive(0.9, 20000, 2), kStddev),
                                             moments_of(autoregressive(0.9, 60000, 3), kStddev));
  const double gain = -std::log(1 - kCoefficient * kCoefficient);  // both channels
  // 60000 frames estimate each log variance to 0.006; the noise costs a hundredth of a nat.
  EXPECT_NEAR(result.linear_predictive_gain_nats, gain, 0.03);
  EXPECT_NEAR(result.nats_per_frame - result.predictive_nats_per_frame, gain, 0.03);
  EXPECT_NEAR(result.effective_rank, 2, 0.05);
  EXPECT_NEAR(result.participation_ratio, 2, 0.05);
}

TEST(Predictability, FindsNoneInWhiteLatentsAndCostsWhatTheKlDoes) {
  const auto result = measure_predictability(moments_of(normal({2, 40000}, 1), 0.1),
                                             moments_of(normal({2, 20000}, 2), 0.1),
                                             moments_of(normal({2, 40000}, 3), 0.1));
  EXPECT_NEAR(result.linear_predictive_gain_nats, 0, 0.01);
  // The aggregate has a variance of 1.01: the fitted prior is better by ln(1.01) - 0.01, nothing.
  EXPECT_NEAR(result.predictive_nats_per_frame, result.nats_per_frame, 0.02);
}

// Overfitting shows: on held-out latents a large model of few frames costs more than none.
TEST(Predictability, ChargesForOverfitting) {
  const LatentMoments few = moments_of(normal({4, 60}, 1), 0.1);
  const LatentMoments many = moments_of(normal({4, 20000}, 2), 0.1);
  const double with_context = nats_under(fit_linear_prior(few, 8, 0.0), many);
  EXPECT_GT(with_context, nats_under_standard_normal(many) + 0.5);
}

TEST(Predictability, CountsDependentChannelsOnce) {
  const at::Tensor one = normal({1, 5000}, 1);
  const at::Tensor twice = torch::cat({one, 2 * one});
  const LatentMoments moments = moments_of(twice, 0.05);
  const auto result = measure_predictability(moments, moments, moments);
  EXPECT_NEAR(result.effective_rank, 1, 1e-6);
  // The second channel can be told from the first: their joint Gaussian costs far less than two.
  EXPECT_LT(result.costs[0].nats_per_frame, 0.75 * result.nats_per_frame);
}

TEST(SpectralDecay, TellsWhiteFromRed) {
  SpectralDecayMeter white(2);
  white.add(normal({2, 20000}, 1));
  EXPECT_NEAR(white.decay()->slope, 0, 0.05);
  EXPECT_NEAR(white.decay()->high_share, 0.5, 0.05);
  SpectralDecayMeter red(2);
  red.add(normal({2, 20000}, 1).cumsum(1));
  EXPECT_NEAR(red.decay()->slope, -2, 0.3);  // a random walk's power falls as 1 / f^2
  EXPECT_LT(red.decay()->high_share, 0.1);
  SpectralDecayMeter none(2);
  none.add(normal({2, 10}, 1));
  EXPECT_FALSE(none.decay().has_value());
}

}  // namespace
}  // namespace kilonat::metrics
