#include "kilonat/dsp/stft.h"

#include <cmath>
#include <numbers>
#include <utility>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"
#include "kilonat/dsp/window.h"

namespace kilonat::dsp {

namespace {

// Measured break-even of matrix and FFT, forward and backward (bench/mel_loss_bench).
constexpr std::int64_t kLongestMatrixWindow = 256;

at::Tensor fourier_matrix(const at::Tensor& window) {
  const std::int64_t length = window.numel();
  const std::int64_t bins = length / 2 + 1;
  at::Tensor matrix = at::empty({length, 2 * bins}, at::kDouble);
  auto values = matrix.accessor<double, 2>();
  const auto weights = window.accessor<float, 1>();
  for (std::int64_t t = 0; t < length; ++t) {
    for (std::int64_t bin = 0; bin < bins; ++bin) {
      // The product is reduced modulo the length first: exact phases for any size.
      const double turns = static_cast<double>((t * bin) % length) / static_cast<double>(length);
      const double phase = 2.0 * std::numbers::pi * turns;
      values[t][2 * bin] = weights[t] * std::cos(phase);
      values[t][2 * bin + 1] = -weights[t] * std::sin(phase);
    }
  }
  return matrix;
}

}  // namespace

Stft::Stft(StftOptions options) : options_(std::move(options)) {
  if (options_.hop_length == 0) options_.hop_length = options_.window_length / 4;
  KILONAT_REQUIRE(options_.window_length >= 4 && options_.hop_length >= 1,
                  ConfigError,
                  "STFT: window of {} samples with hop {}, expected at least 4 and 1",
                  options_.window_length,
                  options_.hop_length);
  KILONAT_REQUIRE(!options_.match_stride || options_.hop_length * 4 == options_.window_length,
                  ConfigError,
                  "STFT: match_stride needs a hop of a quarter window, got {} of {}",
                  options_.hop_length,
                  options_.window_length);
  window_ = make_window(options_.window_type, options_.window_length);
  if (options_.window_length <= kLongestMatrixWindow) matrix_ = fourier_matrix(window_);
}

at::Tensor Stft::padded(const at::Tensor& x_NT) const {
  const std::int64_t length = x_NT.size(-1);
  const std::int64_t window = options_.window_length;
  const std::int64_t hop = options_.hop_length;
  std::int64_t left = 0;
  std::int64_t right = 0;
  if (options_.match_stride) {
    left = (window - hop) / 2;
    right = left + (length + hop - 1) / hop * hop - length;
  }
  KILONAT_REQUIRE(length > std::max(right, window / 2),
                  ShapeError,
                  "STFT of {} samples with a window of {}: reflection needs at least {}; give a "
                  "longer signal or shorter windows",
                  length,
                  window,
                  std::max(right, window / 2) + 1);
  at::Tensor x_N1T = x_NT.reshape({-1, 1, length});
  // Two reflections, as audiotools does: the second one sees the first.
  if (options_.match_stride) x_N1T = at::reflection_pad1d(x_N1T, {left, right});
  return at::reflection_pad1d(x_N1T, {window / 2, window / 2}).squeeze(1);
}

at::Tensor Stft::by_matrix(const at::Tensor& x_NT) const {
  const at::Tensor frames_NFt = x_NT.unfold(-1, options_.window_length, options_.hop_length);
  const at::Tensor matrix = matrix_.to(x_NT.options());
  const std::int64_t bins = options_.window_length / 2 + 1;
  const at::Tensor pairs = at::matmul(frames_NFt, matrix);
  return at::view_as_complex(pairs.reshape({x_NT.size(0), -1, bins, 2})).transpose(-1, -2);
}

at::Tensor Stft::by_fft(const at::Tensor& x_NT) const {
  return at::stft(x_NT,
                  options_.window_length,
                  options_.hop_length,
                  options_.window_length,
                  window_.to(x_NT.options()),
                  /*normalized=*/false,
                  /*onesided=*/true,
                  /*return_complex=*/true);
}

at::Tensor Stft::transform(const at::Tensor& x_NT) const {
  KILONAT_REQUIRE(x_NT.dim() >= 1 && x_NT.is_floating_point(),
                  ShapeError,
                  "STFT: expected a real signal with its samples on the last axis");
  const at::Tensor padded_NT = padded(x_NT);
  at::Tensor spectrum = matrix_.defined() ? by_matrix(padded_NT) : by_fft(padded_NT);
  // Under match_stride the frames that see only padding are dropped: two at each end.
  if (options_.match_stride) spectrum = spectrum.narrow(-1, 2, spectrum.size(-1) - 4);
  auto shape = x_NT.sizes().vec();
  shape.pop_back();
  shape.push_back(spectrum.size(-2));
  shape.push_back(spectrum.size(-1));
  return spectrum.reshape(shape);
}

at::Tensor Stft::magnitude(const at::Tensor& x_NT) const {
  return transform(x_NT).abs();
}

}  // namespace kilonat::dsp
