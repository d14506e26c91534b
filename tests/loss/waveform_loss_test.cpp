#include "kilonat/loss/waveform_loss.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"

namespace kilonat::loss {
namespace {

at::Tensor noise(at::IntArrayRef shape, std::uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn(shape, torch::kFloat64);
}

TEST(WaveformL1, IsTheMeanAbsoluteDifference) {
  const at::Tensor x = torch::tensor({{{1.0, -2.0, 0.5, 0.0}}});
  EXPECT_DOUBLE_EQ(waveform_l1(x, torch::zeros_like(x)).item<double>(), 3.5 / 4);
  EXPECT_EQ(waveform_l1(x, x).item<double>(), 0);
}

TEST(SquaredError, IsTheMeanOfTheSquares) {
  const at::Tensor x = torch::tensor({{{1.0, -2.0, 0.5, 0.0}}});
  EXPECT_DOUBLE_EQ(squared_error(x, torch::zeros_like(x)).item<double>(), 5.25 / 4);
  EXPECT_EQ(squared_error(x, x).item<double>(), 0);
  EXPECT_THROW((void)squared_error(x, noise({1, 1, 3}, 1)), ShapeError);
}

TEST(SiSdr, IsTheRatioOfTwoOrthogonalParts) {
  // Over whole periods a sine and a cosine are orthogonal and without mean: the reference with a
  // tenth of the other beside it is 20 dB.
  const at::Tensor t = 2 * M_PI * torch::arange(800, torch::kFloat64) / 80;
  const at::Tensor reference = torch::sin(t).reshape({1, 1, -1});
  const at::Tensor other = torch::cos(t).reshape({1, 1, -1});
  // The epsilons of 1e-8 against energies of 400 and 4.
  EXPECT_NEAR(si_sdr_db(reference + 0.1 * other, reference).item<double>(), 20, 1e-6);
}

TEST(SiSdr, DoesNotHearGainOrOffset) {
  const at::Tensor reference = noise({2, 2, 500}, 1);
  const at::Tensor estimate = reference + noise({2, 2, 500}, 2);
  const at::Tensor plain = si_sdr_db(estimate, reference);
  EXPECT_EQ(plain.sizes(), at::IntArrayRef({2}));
  // The epsilons: 1e-8 beside energies of 1e3 and ratios near 1.
  EXPECT_LE((si_sdr_db(3 * estimate + 0.7, reference) - plain).abs().max().item<double>(), 1e-6);
}

TEST(SiSdr, RanksACloserEstimateHigher) {
  const at::Tensor reference = noise({1, 1, 500}, 1);
  const at::Tensor error = noise({1, 1, 500}, 2);
  const double close = si_sdr_db(reference + 0.1 * error, reference).item<double>();
  const double far = si_sdr_db(reference + error, reference).item<double>();
  EXPECT_GT(close, far + 15);
}

TEST(SiSdr, IsFiniteForSilence) {
  const at::Tensor silence = torch::zeros({1, 1, 500}, torch::kFloat64);
  const at::Tensor sound = noise({1, 1, 500}, 1);
  EXPECT_TRUE(si_sdr_db(silence, sound).isfinite().all().item<bool>());
  EXPECT_TRUE(si_sdr_db(sound, silence).isfinite().all().item<bool>());
}

TEST(SiSdr, HasTheGradientOfFiniteDifferences) {
  const at::Tensor reference = noise({1, 2, 300}, 1);
  const at::Tensor x = noise({1, 2, 300}, 2).requires_grad_();
  const at::Tensor gradient = torch::autograd::grad({si_sdr_db(x, reference).sum()}, {x})[0];
  const at::Tensor direction = noise({1, 2, 300}, 3);
  const double step = 1e-6;
  const torch::NoGradGuard no_grad;
  const double difference =
      ((si_sdr_db(x + step * direction, reference) - si_sdr_db(x - step * direction, reference)) /
       (2 * step))
          .item<double>();
  // Rounding of some 10 dB over 2e-6 is 1e-9; the third derivative times 1e-12 is less.
  EXPECT_NEAR(difference, (gradient * direction).sum().item<double>(), 1e-7);
}

TEST(WaveformLosses, RefuseOtherShapes) {
  const at::Tensor x = noise({1, 1, 10}, 1);
  EXPECT_THROW((void)waveform_l1(x, noise({1, 1, 11}, 1)), ShapeError);
  EXPECT_THROW((void)si_sdr_db(x, noise({1, 2, 10}, 1)), ShapeError);
  EXPECT_THROW((void)si_sdr_db(x[0], x[0]), ShapeError);
}

}  // namespace
}  // namespace kilonat::loss
