#pragma once
/// Pictures of sounds: log-mel spectrograms.

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "kilonat/base/image.h"

namespace kilonat::dsp {

struct SpectrogramImageOptions {
  std::int64_t sample_rate_hz = 44100;
  std::int64_t num_mels = 128;
  std::int64_t max_width = 600;  ///< [pixels] of one spectrogram; the hop grows to keep to it
  std::int64_t rows_per_band = 2;
  double range_db = 80;  ///< from the brightest colour down to black
};

/// Mel magnitudes in dB of full scale (a sine of amplitude 1 is near 0): [M, F] float32 on the CPU.
///
/// Channels are averaged. @param x_CT [C, T] or [T], T >= 1.
[[nodiscard]] at::Tensor log_mel_db(const at::Tensor& x, const SpectrogramImageOptions& options);

/// One sound, its own maximum the brightest; time to the right, high frequencies on top.
[[nodiscard]] Image spectrogram_image(const at::Tensor& x, const SpectrogramImageOptions& options);

/// Original left, reconstruction right, a light line between them. Both have the colours of the
/// original's range, so that equal colours are equal levels, also from picture to picture of one
/// original.
[[nodiscard]] Image comparison_image(const at::Tensor& original,
                                     const at::Tensor& reconstruction,
                                     const SpectrogramImageOptions& options);

}  // namespace kilonat::dsp
