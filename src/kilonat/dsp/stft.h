#pragma once
/// The short-time Fourier transform as audiotools computes it.
///
/// Legend: N any number of leading axes, T samples, W bins (window / 2 + 1), F frames.

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

namespace kilonat::dsp {

struct StftOptions {
  std::int64_t window_length = 2048;  ///< also the FFT size, samples
  std::int64_t hop_length = 0;        ///< samples; 0: a quarter of the window
  std::string window_type = "hann";
  /// Pads so that a signal of T samples gives ceil(T / hop) frames, which start at multiples of the
  /// hop; the multi-resolution discriminator uses it, the losses do not.
  bool match_stride = false;
};

/// A transform with its window (and, for short windows, its Fourier matrix) made once.
///
/// Note [Short windows by a matrix]: the seven-scale mel loss takes windows from 32 samples up, for
/// which thousands of tiny FFTs cost more than one product with the Fourier matrix.
class Stft {
 public:
  /// @throws ConfigError for a window shorter than 4 samples or no multiple of the hop under
  /// match_stride.
  explicit Stft(StftOptions options);

  /// @param x_NT  real, float32 or float64.
  /// @returns complex [N..., W, F]; centred frames, reflect padding of window / 2, no
  /// normalisation.
  /// @throws ShapeError if a signal is too short to be reflected (window / 2 + 1 samples).
  /// Differentiable.
  [[nodiscard]] at::Tensor transform(const at::Tensor& x_NT) const;
  /// |transform|, real. The gradient at a magnitude of zero is zero.
  [[nodiscard]] at::Tensor magnitude(const at::Tensor& x_NT) const;

  [[nodiscard]] const StftOptions& options() const { return options_; }
  /// float32, CPU.
  [[nodiscard]] const at::Tensor& window() const { return window_; }

 private:
  [[nodiscard]] at::Tensor padded(const at::Tensor& x_NT) const;
  [[nodiscard]] at::Tensor by_matrix(const at::Tensor& x_NT) const;
  [[nodiscard]] at::Tensor by_fft(const at::Tensor& x_NT) const;

  StftOptions options_;
  at::Tensor window_;
  at::Tensor matrix_;  // [window, 2 W] float64, windowed cos and -sin interleaved; short windows
};

}  // namespace kilonat::dsp
