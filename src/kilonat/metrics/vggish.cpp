#include "kilonat/metrics/vggish.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include "kilonat/metrics/official_weights.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::metrics {
namespace {

using tensor::kAny;

constexpr std::int64_t kWindow = 400;
constexpr std::int64_t kHop = 160;
constexpr std::int64_t kFft = 512;
constexpr double kMinHz = 125;
constexpr double kMaxHz = 7500;
constexpr double kLogOffset = 0.01;

/// The places of convolutions in torchvggish's list of layers, and after which of them it pools.
constexpr std::array<int, 6> kConvPlaces{0, 3, 6, 8, 11, 13};
constexpr std::array<bool, 6> kPools{true, true, false, true, false, true};
constexpr std::array<int, 3> kLinearPlaces{0, 2, 4};
/// What four poolings leave of an example of 96 x 64.
constexpr std::int64_t kLastPositions = 6 * 4;

double htk_mel(double hz) {
  return 1127.0 * std::log(1.0 + hz / 700.0);
}

/// Periodic, in double: frames are products with it.
at::Tensor hann_window() {
  at::Tensor window = at::empty({kWindow}, at::kDouble);
  auto values = window.accessor<double, 1>();
  for (std::int64_t t = 0; t < kWindow; ++t) {
    values[t] = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(t) / kWindow);
  }
  return window;
}

}  // namespace

at::Tensor vggish_mel_matrix() {
  const std::int64_t bins = kFft / 2 + 1;
  at::Tensor matrix = at::zeros({bins, kVggishMels}, at::kDouble);
  auto values = matrix.accessor<double, 2>();
  const double low = htk_mel(kMinHz);
  const double step = (htk_mel(kMaxHz) - low) / static_cast<double>(kVggishMels + 1);
  for (std::int64_t bin = 1; bin < bins; ++bin) {
    const double hz = static_cast<double>(bin * kVggishSampleRateHz) / kFft;
    const double place = (htk_mel(hz) - low) / step;  // band m rises from m to m + 1
    for (std::int64_t mel = 0; mel < kVggishMels; ++mel) {
      const double rise = place - static_cast<double>(mel);
      values[bin][mel] = std::max(0.0, std::min(rise, 2 - rise));
    }
  }
  return matrix;
}

at::Tensor vggish_log_mel(const at::Tensor& audio_T) {
  tensor::expect_shape(audio_T, "VGGish's audio", {kAny});
  if (audio_T.size(0) < kWindow) return at::empty({0, kVggishMels}, at::kDouble);
  const at::Tensor frames_FK =
      audio_T.to(at::kCPU, at::kDouble).unfold(0, kWindow, kHop) * hann_window();
  const at::Tensor magnitude_FW = at::fft_rfft(frames_FK, kFft).abs();
  return (at::matmul(magnitude_FW, vggish_mel_matrix()) + kLogOffset).log();
}

at::Tensor vggish_examples(const at::Tensor& log_mel_FM) {
  const std::int64_t num_examples = log_mel_FM.size(0) / kVggishExampleFrames;
  return log_mel_FM.narrow(0, 0, num_examples * kVggishExampleFrames)
      .reshape({num_examples, 1, kVggishExampleFrames, kVggishMels});
}

Vggish::Vggish(const std::filesystem::path& path, const c10::Device& device) {
  OfficialWeights weights(path, "features.0.weight");
  std::int64_t width = 1;
  for (std::size_t i = 0; i < convs_.size(); ++i) {
    const std::string name = fmt::format("features.{}", kConvPlaces.at(i));
    at::Tensor weight = weights.take(name + ".weight", {kAny, width, 3, 3}).to(device);
    width = weight.size(0);
    convs_.at(i) = {weight, weights.take(name + ".bias", {width}).to(device)};
  }
  width *= kLastPositions;
  for (std::size_t i = 0; i < linears_.size(); ++i) {
    const std::string name = fmt::format("embeddings.{}", kLinearPlaces.at(i));
    at::Tensor weight = weights.take(name + ".weight", {kAny, width}).to(device);
    width = weight.size(0);
    linears_.at(i) = {weight, weights.take(name + ".bias", {width}).to(device)};
  }
  weights.skip("pproc.");
  weights.require_all_taken();
}

at::Tensor Vggish::forward(const at::Tensor& examples_N1FM) const {
  const c10::NoGradGuard guard;
  tensor::expect_shape(
      examples_N1FM, "VGGish's examples", {kAny, 1, kVggishExampleFrames, kVggishMels});
  at::Tensor h = examples_N1FM.to(convs_[0].weight.options());
  for (std::size_t i = 0; i < convs_.size(); ++i) {
    h = at::relu(
        at::conv2d(h, convs_.at(i).weight, convs_.at(i).bias, /*stride=*/1, /*padding=*/1));
    if (kPools.at(i)) h = at::max_pool2d(h, {2, 2});
  }
  // The original is a TensorFlow network: channels come last when it is laid out flat.
  h = h.permute({0, 2, 3, 1}).flatten(1);
  for (std::size_t i = 0; i < linears_.size(); ++i) {
    if (i > 0) h = at::relu(h);
    h = at::linear(h, linears_.at(i).weight, linears_.at(i).bias);
  }
  return h;
}

at::Tensor Vggish::embed(const at::Tensor& audio_T) const {
  const std::int64_t enough = (kVggishExampleFrames - 1) * kHop + kWindow;
  const std::int64_t missing = std::max<std::int64_t>(0, enough - audio_T.size(0));
  return forward(vggish_examples(vggish_log_mel(at::constant_pad_nd(audio_T, {0, missing}))));
}

}  // namespace kilonat::metrics
