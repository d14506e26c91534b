#include "kilonat/dsp/frames.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <numbers>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

namespace kilonat::dsp {

namespace {

// Up to here a product with the Fourier matrix is faster than that many small FFTs.
constexpr std::int64_t kLongestMatrixFrame = 128;

/// The sample that stands at `position`, which may lie up to T - 1 beyond either end.
std::int64_t mirrored(std::int64_t position, std::int64_t num_samples) {
  if (position < 0) return -position;
  return position < num_samples ? position : 2 * (num_samples - 1) - position;
}

/// As many as fit when half a window lies beyond either end.
std::int64_t count_frames(std::int64_t num_samples, std::int64_t length, std::int64_t hop) {
  return (num_samples + length / 2 * 2 - length) / hop + 1;
}

/// [K, 2 W]: cos and -sin, interleaved. Made once a length.
at::Tensor fourier_matrix(std::int64_t length) {
  static std::mutex mutex;
  static std::map<std::int64_t, at::Tensor> matrices;
  const std::lock_guard lock(mutex);
  at::Tensor& matrix = matrices[length];
  if (matrix.defined()) return matrix;
  const std::int64_t bins = length / 2 + 1;
  matrix = at::empty({length, 2 * bins}, at::kFloat);
  auto values = matrix.accessor<float, 2>();
  for (std::int64_t t = 0; t < length; ++t) {
    for (std::int64_t bin = 0; bin < bins; ++bin) {
      const double turns = static_cast<double>((t * bin) % length) / static_cast<double>(length);
      values[t][2 * bin] = static_cast<float>(std::cos(2 * std::numbers::pi * turns));
      values[t][2 * bin + 1] = static_cast<float>(-std::sin(2 * std::numbers::pi * turns));
    }
  }
  return matrix;
}

}  // namespace

at::Tensor windowed_frames(const at::Tensor& x_NT, const at::Tensor& window, std::int64_t hop) {
  const std::int64_t num_samples = x_NT.size(1);
  const std::int64_t length = window.numel();
  const std::int64_t num_frames = count_frames(num_samples, length, hop);
  const at::Tensor frames = at::empty({x_NT.size(0), num_frames, length}, x_NT.options());
  const float* weights = window.data_ptr<float>();
  const float* x = x_NT.data_ptr<float>();
  float* to = frames.data_ptr<float>();
  at::parallel_for(0, x_NT.size(0) * num_frames, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const float* signal = x + i / num_frames * num_samples;
      const std::int64_t first = i % num_frames * hop - length / 2;
      float* frame = to + i * length;
      if (first >= 0 && first + length <= num_samples) {
        for (std::int64_t t = 0; t < length; ++t) frame[t] = weights[t] * signal[first + t];
      } else {
        for (std::int64_t t = 0; t < length; ++t) {
          frame[t] = weights[t] * signal[mirrored(first + t, num_samples)];
        }
      }
    }
  });
  return frames;
}

at::Tensor overlap_add(const at::Tensor& frames_NFK,
                       const at::Tensor& window,
                       std::int64_t hop,
                       std::int64_t num_samples) {
  const std::int64_t num_frames = frames_NFK.size(1);
  const std::int64_t length = window.numel();
  const at::Tensor sum = at::zeros({frames_NFK.size(0), num_samples}, frames_NFK.options());
  const float* weights = window.data_ptr<float>();
  const float* frames = frames_NFK.data_ptr<float>();
  float* to = sum.data_ptr<float>();
  at::parallel_for(0, frames_NFK.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin * num_frames; i < end * num_frames; ++i) {
      float* signal = to + i / num_frames * num_samples;
      const std::int64_t first = i % num_frames * hop - length / 2;
      const float* frame = frames + i * length;
      if (first >= 0 && first + length <= num_samples) {
        for (std::int64_t t = 0; t < length; ++t) signal[first + t] += weights[t] * frame[t];
      } else {
        for (std::int64_t t = 0; t < length; ++t) {
          signal[mirrored(first + t, num_samples)] += weights[t] * frame[t];
        }
      }
    }
  });
  return sum;
}

at::Tensor frame_spectra(const at::Tensor& frames_NFK) {
  const std::int64_t length = frames_NFK.size(-1);
  if (length <= kLongestMatrixFrame) return at::matmul(frames_NFK, fourier_matrix(length));
  const at::Tensor spectra = at::_fft_r2c(frames_NFK, {2}, /*normalization=*/0, /*onesided=*/true);
  return at::view_as_real(spectra).flatten(-2);
}

at::Tensor frame_spectra_transposed_(at::Tensor grad_NF2W, std::int64_t length) {
  if (length <= kLongestMatrixFrame) return at::matmul(grad_NF2W, fourier_matrix(length).t());
  // The inverse real transform counts every bin but the first and the last twice.
  const bool is_even = length % 2 == 0;
  const std::int64_t twice = grad_NF2W.size(-1) - (is_even ? 4 : 2);
  grad_NF2W.narrow(-1, 2, twice).mul_(0.5);
  const at::Tensor spectra = at::view_as_complex(grad_NF2W.unflatten(-1, {-1, 2}));
  return at::_fft_c2r(spectra, {2}, /*normalization=*/0, length);
}

}  // namespace kilonat::dsp
