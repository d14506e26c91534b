#include "kilonat/dsp/stft.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"

namespace kilonat::dsp {
namespace {

at::Tensor noise(at::IntArrayRef shape) {
  torch::manual_seed(7);
  return torch::randn(shape, torch::kFloat64);
}

at::Tensor sine(double cycles_per_sample, std::int64_t length) {
  return torch::sin(2 * M_PI * cycles_per_sample * torch::arange(length, torch::kFloat64));
}

/// Energy of a real signal's spectrum [W, F] per frame: the bins between the ends count twice.
at::Tensor energy_of_bins(const at::Tensor& spectrum_WF) {
  const at::Tensor power = spectrum_WF.abs().square();
  const std::int64_t bins = power.size(0);
  return 2 * power.sum(0) - power[0] - power[bins - 1];
}

class StftOfWindow : public ::testing::TestWithParam<std::int64_t> {};

// 64 takes the product with the Fourier matrix, 512 the FFT.
INSTANTIATE_TEST_SUITE_P(ShortAndLong, StftOfWindow, ::testing::Values(64, 512));

TEST_P(StftOfWindow, KeepsTheEnergyOfEachWindowedFrame) {
  const std::int64_t window = GetParam();
  const Stft stft({.window_length = window});
  const at::Tensor x = noise({4 * window});
  const at::Tensor padded =
      at::reflection_pad1d(x.unsqueeze(0), {window / 2, window / 2}).squeeze(0);
  const at::Tensor frames =
      padded.unfold(0, window, window / 4) * stft.window().to(torch::kFloat64);
  const at::Tensor expected = frames.square().sum(1) * static_cast<double>(window);
  const at::Tensor actual = energy_of_bins(stft.transform(x));
  ASSERT_EQ(actual.sizes(), expected.sizes());
  // Parseval holds exactly; float64 sums of some thousand terms round far below 1e-12.
  EXPECT_LE(((actual - expected) / expected).abs().max().item<double>(), 1e-12);
}

TEST_P(StftOfWindow, PutsASineIntoItsBinWithHalfTheWindowsSum) {
  const std::int64_t window = GetParam();
  const Stft stft({.window_length = window});
  const double bin = static_cast<double>(window) / 8;
  const at::Tensor magnitude = stft.magnitude(sine(1.0 / 8, 8 * window));
  const at::Tensor middle = magnitude.select(1, magnitude.size(1) / 2);
  EXPECT_EQ(middle.argmax().item<double>(), bin);
  // A Hann window sums to half its length, and a sine is half in each of two bins.
  EXPECT_NEAR(middle.max().item<double>(), static_cast<double>(window) / 4, 1e-4);
}

TEST_P(StftOfWindow, IsLinear) {
  const Stft stft({.window_length = GetParam()});
  const at::Tensor x = noise({2, 3 * GetParam()});
  const at::Tensor both = stft.transform(2 * x[0] - 3 * x[1]);
  const at::Tensor sum = 2 * stft.transform(x[0]) - 3 * stft.transform(x[1]);
  EXPECT_LE((both - sum).abs().max().item<double>(), 1e-10);
}

TEST_P(StftOfWindow, TreatsLeadingAxesOneByOne) {
  const Stft stft({.window_length = GetParam()});
  const at::Tensor x = noise({2, 3, 2 * GetParam() + 5});
  const at::Tensor all = stft.transform(x);
  EXPECT_EQ(all.size(0), 2);
  EXPECT_EQ(all.size(1), 3);
  EXPECT_TRUE(at::allclose(all[1][2], stft.transform(x[1][2]), 1e-12, 1e-12));
}

TEST_P(StftOfWindow, HasTheGradientOfFiniteDifferences) {
  const Stft stft({.window_length = GetParam()});
  const at::Tensor x = noise({2 * GetParam()}).requires_grad_();
  const auto objective = [&](const at::Tensor& at_x) { return stft.magnitude(at_x).sum(); };
  const at::Tensor gradient = torch::autograd::grad({objective(x)}, {x})[0];
  const double step = 1e-6;
  for (const std::int64_t i : {std::int64_t{0}, GetParam() / 2, 2 * GetParam() - 1}) {
    at::Tensor up = x.detach().clone();
    at::Tensor down = x.detach().clone();
    up[i] += step;
    down[i] -= step;
    const double difference = ((objective(up) - objective(down)) / (2 * step)).item<double>();
    // Central differences: rounding 1e-16 x 1e5 / 1e-6 and a third derivative times 1e-12.
    EXPECT_NEAR(gradient[i].item<double>(), difference, 1e-4) << "sample " << i;
  }
}

TEST(Stft, GivesTheSameByMatrixAndByFft) {
  const at::Tensor x = noise({3000});
  const Stft stft({.window_length = 256});  // the longest window that takes the matrix
  const at::Tensor by_fft = at::stft(at::reflection_pad1d(x.unsqueeze(0), {128, 128}),
                                     256,
                                     64,
                                     256,
                                     stft.window().to(torch::kFloat64),
                                     /*normalized=*/false,
                                     /*onesided=*/true,
                                     /*return_complex=*/true)
                                .squeeze(0);
  EXPECT_LE((stft.transform(x) - by_fft).abs().max().item<double>(), 1e-11);
}

TEST(Stft, WithMatchedStrideGivesAFramePerHop) {
  const Stft stft({.window_length = 128, .match_stride = true});
  for (const std::int64_t length : {640, 641, 671, 672}) {
    EXPECT_EQ(stft.transform(noise({length})).size(-1), (length + 31) / 32) << length;
  }
}

TEST(Stft, HasNoGradientWhereThereIsNoSignal) {
  const Stft stft({.window_length = 64});
  const at::Tensor x = torch::zeros({256}, torch::kFloat64).requires_grad_();
  const at::Tensor gradient = torch::autograd::grad({stft.magnitude(x).sum()}, {x})[0];
  EXPECT_EQ(gradient.abs().max().item<double>(), 0);
}

TEST(Stft, RefusesASignalTooShortToReflect) {
  const Stft stft({.window_length = 64});
  EXPECT_THROW((void)stft.transform(torch::zeros({32})), ShapeError);
  EXPECT_EQ(stft.transform(torch::zeros({33})).size(-1), 3);
  EXPECT_THROW((void)stft.transform(torch::zeros({0})), ShapeError);
  EXPECT_THROW((void)stft.transform(torch::zeros({100}, torch::kLong)), ShapeError);
}

TEST(Stft, RefusesSizesThatMakeNoSense) {
  EXPECT_THROW(Stft({.window_length = 2}), ConfigError);
  EXPECT_THROW(Stft({.window_length = 64, .hop_length = -1}), ConfigError);
  EXPECT_THROW(Stft({.window_length = 64, .hop_length = 20, .match_stride = true}), ConfigError);
  EXPECT_THROW(Stft({.window_length = 64, .window_type = "kaiser"}), ConfigError);
}

}  // namespace
}  // namespace kilonat::dsp
