#include "kilonat/loss/spectral_loss.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"

namespace kilonat::loss {
namespace {

at::Tensor noise(at::IntArrayRef shape, std::uint64_t seed) {
  torch::manual_seed(seed);
  return 0.2 * torch::randn(shape, torch::kFloat64);
}

double value(const at::Tensor& scalar) {
  return scalar.item<double>();
}

SpectralLoss mel_loss() {
  return {MelLossOptions{}, 44100};
}

TEST(SpectralLoss, IsZeroForEqualSoundsAndPositiveForOthers) {
  const at::Tensor x = noise({2, 1, 4096}, 1);
  const at::Tensor y = noise({2, 1, 4096}, 2);
  for (const SpectralLoss& loss : {mel_loss(), SpectralLoss(StftLossOptions{})}) {
    EXPECT_EQ(value(loss(x, x)), 0);
    EXPECT_GT(value(loss(x, y)), 0.1);
  }
}

TEST(SpectralLoss, IsSymmetric) {
  const at::Tensor x = noise({1, 2, 3000}, 1);
  const at::Tensor y = noise({1, 2, 3000}, 2);
  for (const SpectralLoss& loss : {mel_loss(), SpectralLoss(StftLossOptions{})}) {
    EXPECT_DOUBLE_EQ(value(loss(x, y)), value(loss(y, x)));
  }
}

TEST(SpectralLoss, IsTheSumOfItsScales) {
  const at::Tensor x = noise({1, 1, 3000}, 1);
  const at::Tensor y = noise({1, 1, 3000}, 2);
  const SpectralLoss loss = mel_loss();
  const std::vector<at::Tensor> scales = loss.per_scale(x, y);
  EXPECT_EQ(scales.size(), MelLossOptions{}.window_lengths.size());
  EXPECT_NEAR(value(torch::stack(scales).sum()), value(loss(x, y)), 1e-12);
}

TEST(SpectralLoss, CountsAFactorOfTenAsOnePerScale) {
  MelLossOptions options;
  options.clamp_eps = 1e-12;  // far below this sound
  options.window_lengths = {512, 128};
  options.num_mels = {20, 5};
  const at::Tensor x = noise({1, 1, 4096}, 1);
  // log10 of magnitudes: ten times as loud is 1 in every bin of both scales.
  EXPECT_NEAR(value(SpectralLoss(options, 16000)(x, 10 * x)), 2, 1e-9);
  options.pow = 2;
  options.log_weight = 0.5;
  EXPECT_NEAR(value(SpectralLoss(options, 16000)(x, 10 * x)), 2, 1e-9);
}

TEST(SpectralLoss, HearsNothingBelowTheClamp) {
  const at::Tensor quiet = 1e-9 * noise({1, 1, 4096}, 1).sign();
  EXPECT_EQ(value(mel_loss()(quiet, torch::zeros_like(quiet))), 0);
  const at::Tensor silent = torch::zeros({1, 1, 4096}, torch::kFloat64).requires_grad_();
  const at::Tensor loss = mel_loss()(silent, noise({1, 1, 4096}, 1));
  const at::Tensor gradient = torch::autograd::grad({loss}, {silent})[0];
  EXPECT_TRUE(gradient.isfinite().all().item<bool>());
}

TEST(SpectralLoss, HearsWhiteNoiseOnlyAboveTheNoiseFloorAtEveryScale) {
  StftLossOptions options;
  options.window_lengths = {32, 256, 2048};
  options.noise_floor_dbfs = -60;
  options.pow = 1;
  options.mag_weight = 0;
  const SpectralLoss stft(options);
  const at::Tensor x = noise({1, 1, 65536}, 1) / 0.2;  // root mean square 1
  const at::Tensor silence = torch::zeros_like(x);
  for (const at::Tensor& at_80_below : stft.per_scale(1e-4 * x, silence)) {
    EXPECT_LT(value(at_80_below), 1e-6);  // no bin of noise peaks 20 dB above its mean
  }
  for (const at::Tensor& at_40_below : stft.per_scale(1e-2 * x, silence)) {
    // 20 dB above the floor, that is 1, less 0.125: the mean logarithm of a Rayleigh magnitude
    // lies so much below that of its root mean square.
    EXPECT_NEAR(value(at_40_below), 1 - 0.125, 0.03);
  }
}

TEST(SpectralLoss, RaisesTheClampOfMelBandsByTheirWidth) {
  MelLossOptions options;
  options.noise_floor_dbfs = -60;
  const SpectralLoss mel(options, 16000);
  const at::Tensor x = noise({1, 1, 65536}, 1) / 0.2;
  const at::Tensor silence = torch::zeros_like(x);
  EXPECT_LT(value(mel(1e-4 * x, silence)), 1e-6);
  EXPECT_GT(value(mel(1e-2 * x, silence)), 0.7 * 7);  // narrow bands may hold no bin and say 0
}

TEST(SpectralLoss, HasTheGradientOfFiniteDifferences) {
  const at::Tensor reference = noise({1, 1, 2500}, 1);
  for (const SpectralLoss& loss : {mel_loss(), SpectralLoss(StftLossOptions{})}) {
    const at::Tensor x = noise({1, 1, 2500}, 2).requires_grad_();
    const at::Tensor gradient = torch::autograd::grad({loss(x, reference)}, {x})[0];
    torch::manual_seed(3);
    const at::Tensor direction = torch::randn_like(x);
    const double step = 1e-8;
    const torch::NoGradGuard no_grad;
    const double difference =
        value(loss(x + step * direction, reference) - loss(x - step * direction, reference)) /
        (2 * step);
    const double expected = value((gradient * direction).sum());
    // Among some 1e5 bins a few cross a kink of |log X - log Y| within the step; rounding of a sum
    // near 10 over 2e-8 is 1e-7.
    EXPECT_NEAR(difference, expected, 1e-3 * gradient.norm().item<double>());
  }
}

struct Outcome {
  double value = 0;
  at::Tensor gradient;  // float64
};

template <class Loss>
Outcome outcome(const at::Tensor& x_values, const at::Tensor& y, at::ScalarType type, Loss loss) {
  const at::Tensor x = x_values.detach().to(type).requires_grad_();
  const at::Tensor result = loss(x, y.to(type));
  (3 * result).backward();
  return {value(result), x.grad().to(torch::kFloat64)};
}

/// The fast path and per_scale(), both in float32, against per_scale() in float64.
///
/// Where a magnitude is small its logarithm is steep, so that what float32 leaves of a gradient
/// depends on the sound: the fast path is held to what the reference path loses by float32.
void expect_fast_path_like_reference(const SpectralLoss& loss,
                                     const at::Tensor& x,
                                     const at::Tensor& y) {
  const auto by_scales = [&](const at::Tensor& a, const at::Tensor& b) {
    return torch::stack(loss.per_scale(a, b)).sum();
  };
  const Outcome exact = outcome(x, y, torch::kFloat64, by_scales);
  const Outcome rounded = outcome(x, y, torch::kFloat32, by_scales);
  const Outcome fast = outcome(x, y, torch::kFloat32, loss);
  EXPECT_NEAR(fast.value, exact.value, 2e-5 * exact.value);
  const double lost = value((rounded.gradient - exact.gradient).norm());
  EXPECT_LT(value((fast.gradient - exact.gradient).norm()),
            3 * lost + 1e-4 * value(exact.gradient.norm()));
}

TEST(SpectralLoss, FastPathEqualsTheReference) {
  MelLossOptions odd;
  odd.window_lengths = {30, 129, 400};
  odd.num_mels = {5, 20, 40};
  odd.mag_weight = 0.5;
  odd.pow = 2;
  odd.window_type = "sqrt_hann";
  MelLossOptions half_deaf;
  half_deaf.noise_floor_dbfs = -25;
  for (const std::int64_t length : {1025, 4096, 10240}) {
    const at::Tensor x = noise({2, 2, length}, 3);
    const at::Tensor y = noise({2, 2, length}, 4);
    expect_fast_path_like_reference(mel_loss(), x, y);
    expect_fast_path_like_reference(SpectralLoss(StftLossOptions{}), x, y);
    expect_fast_path_like_reference(SpectralLoss(odd, 16000), x, y);
    expect_fast_path_like_reference(SpectralLoss(half_deaf, 16000), x, y);
  }
}

TEST(SpectralLoss, FastPathHasNoGradientOfSilence) {
  const at::Tensor x = torch::zeros({1, 1, 3000}).requires_grad_();
  mel_loss()(x, noise({1, 1, 3000}, 1).to(torch::kFloat32)).backward();
  EXPECT_EQ(value(x.grad().abs().max()), 0);
}

TEST(SpectralLoss, FastPathGivesTheSameBitsForAnyNumberOfThreads) {
  const int before = torch::get_num_threads();
  std::vector<at::Tensor> gradients;
  for (const int threads : {1, 2, 3}) {
    torch::set_num_threads(threads);
    const at::Tensor x = noise({3, 1, 5000}, 1).to(torch::kFloat32).requires_grad_();
    mel_loss()(x, noise({3, 1, 5000}, 2).to(torch::kFloat32)).backward();
    gradients.push_back(x.grad());
  }
  torch::set_num_threads(before);
  EXPECT_TRUE(torch::equal(gradients[0], gradients[1]));
  EXPECT_TRUE(torch::equal(gradients[0], gradients[2]));
}

TEST(SpectralLoss, DistinguishesWindowsAndRanges) {
  const at::Tensor x = noise({1, 1, 4096}, 1);
  const at::Tensor y = noise({1, 1, 4096}, 2);
  MelLossOptions options;
  options.window_lengths = {512};
  options.num_mels = {20};
  const double whole = value(SpectralLoss(options, 16000)(x, y));
  MelLossOptions narrow = options;
  narrow.min_hz = {100};
  narrow.max_hz = {2000};
  EXPECT_NE(value(SpectralLoss(narrow, 16000)(x, y)), whole);
  MelLossOptions root = options;
  root.window_type = "sqrt_hann";
  EXPECT_NE(value(SpectralLoss(root, 16000)(x, y)), whole);
}

TEST(SpectralLoss, RefusesSoundsTooShortOrOfOtherShapes) {
  const at::Tensor x = noise({1, 1, 1024}, 1);
  EXPECT_THROW((void)mel_loss()(x, x), ShapeError);  // half of 2048 cannot be reflected
  const at::Tensor y = noise({1, 1, 1025}, 1);
  EXPECT_EQ(value(mel_loss()(y, y)), 0);
  EXPECT_THROW((void)mel_loss()(noise({1, 1, 3000}, 1), noise({1, 2, 3000}, 1)), ShapeError);
}

TEST(SpectralLoss, RefusesListsThatDoNotFit) {
  MelLossOptions options;
  options.num_mels = {80};
  EXPECT_THROW(SpectralLoss(options, 44100), ConfigError);
  options = {};
  options.max_hz = {8000};
  EXPECT_THROW(SpectralLoss(options, 44100), ConfigError);
}

}  // namespace
}  // namespace kilonat::loss
