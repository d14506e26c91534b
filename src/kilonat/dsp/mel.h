#pragma once
/// Mel filterbanks as librosa builds them.

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace kilonat::dsp {

struct MelOptions {
  std::int64_t sample_rate_hz = 44100;
  std::int64_t fft_size = 2048;  ///< samples
  std::int64_t num_mels = 80;
  double min_hz = 0;
  double max_hz = 0;  ///< 0: half the sample rate
};

/// Slaney-scale, Slaney-normalised triangular filters, float32 [M, fft_size / 2 + 1].
///
/// Source: librosa/filters.py `mel` (htk=False, norm="slaney"). With more filters than bins some
/// rows are all zero, as in librosa; a caller that takes logarithms clamps first.
/// @throws ConfigError if sizes are not positive or the range is empty or above half the rate.
[[nodiscard]] at::Tensor mel_filterbank(const MelOptions& options);

}  // namespace kilonat::dsp
