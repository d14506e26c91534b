#include "kilonat/dsp/window.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::dsp {
namespace {

TEST(Window, IsPeriodicHannByItsFormula) {
  const at::Tensor window = make_window("hann", 96);
  const at::Tensor phase = 2 * M_PI * torch::arange(96, torch::kFloat64) / 96;
  const at::Tensor expected = 0.5 - 0.5 * torch::cos(phase);
  // float32 rounding of values up to 1.
  EXPECT_LE((window.to(torch::kFloat64) - expected).abs().max().item<double>(), 6e-8);
}

TEST(Window, StartsAtZeroPeaksInTheMiddleAndIsSymmetricAboutIt) {
  const at::Tensor window = make_window("hann", 64);
  EXPECT_EQ(window[0].item<float>(), 0);
  EXPECT_EQ(window[32].item<float>(), 1);
  const at::Tensor inner = window.narrow(0, 1, 63);
  EXPECT_LE((inner - inner.flip(0)).abs().max().item<double>(), 6e-8);
}

TEST(Window, SquaresOfTheRootAddUpToOneAtHalfOverlap) {
  const at::Tensor window = make_window("sqrt_hann", 50).to(torch::kFloat64);
  const at::Tensor sum = window.narrow(0, 0, 25).square() + window.narrow(0, 25, 25).square();
  // Two roundings to float32, doubled by squaring.
  EXPECT_LE((sum - 1).abs().max().item<double>(), 3e-7);
}

TEST(Window, OfAnotherTypeIsRefused) {
  EXPECT_THROW((void)make_window("kaiser", 16), ConfigError);
}

}  // namespace
}  // namespace kilonat::dsp
