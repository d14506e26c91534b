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
