#include "kilonat/dsp/frames.h"

#include <gtest/gtest.h>
#include <torch/fft.h>
#include <torch/types.h>

#include "kilonat/dsp/stft.h"
#include "kilonat/dsp/window.h"

namespace kilonat::dsp {
namespace {

TEST(Frames, SpectraAreThoseOfTheStft) {
  torch::manual_seed(1);
  for (const std::int64_t length : {30, 128, 129, 512}) {
    const at::Tensor x_NT = torch::randn({2, 1000});
    const Stft stft({.window_length = length});
    const at::Tensor spectra_NF2W = frame_spectra(
        windowed_frames(x_NT, make_window("hann", length), stft.options().hop_length));
    const at::Tensor expected_NWF = stft.transform(x_NT.to(torch::kFloat64));
    const at::Tensor got_NWF =
        torch::view_as_complex(spectra_NF2W.unflatten(-1, {-1, 2})).transpose(1, 2);
    ASSERT_EQ(got_NWF.sizes(), expected_NWF.sizes());
    // Sums of up to 512 products of magnitude 3 in float32.
    EXPECT_LT((got_NWF - expected_NWF).abs().max().item<double>(), 1e-4) << length;
  }
}

/// <A x, y> = <x, A' y> for random x and y.
TEST(Frames, TransposesAreTransposes) {
  torch::manual_seed(2);
  for (const std::int64_t length : {30, 128, 129, 512}) {
    const at::Tensor window = make_window("hann", length);
    const std::int64_t hop = length / 4;
    const at::Tensor x_NT = torch::randn({2, 700});
    const at::Tensor frames = windowed_frames(x_NT, window, hop);
    const at::Tensor spectra = frame_spectra(frames);
    const at::Tensor y = torch::randn(spectra.sizes());
    const at::Tensor back =
        overlap_add(frame_spectra_transposed_(y.clone(), length), window, hop, x_NT.size(1));
    const double forward = (spectra.to(torch::kFloat64) * y).sum().item<double>();
    const double backward = (back.to(torch::kFloat64) * x_NT).sum().item<double>();
    // Both are sums of some 10^4 to 10^5 products of both signs.
    EXPECT_NEAR(forward, backward, 1e-4 * spectra.norm().item<double>() * y.norm().item<double>())
        << length;
  }
}

}  // namespace
}  // namespace kilonat::dsp
