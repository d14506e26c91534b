#pragma once
/// Whether sounds are copies of training clips.
///
/// N clips, M training clips, D features.

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace kilonat::metrics {

/// A clip as the statistics of its log-mel spectrogram: a description that no training has bent
/// towards a class, and that does not change when the clip is moved in time. [3 mels] dB.
///
/// Mean and standard deviation over frames of every mel band, and the root mean square of its
/// change from frame to frame, over the frames within 40 dB of the loudest (so that padding with
/// silence changes nothing). The clip is brought to an RMS of 1 over those frames.
/// @param audio_T  [T] float32 at `sample_rate_hz`, T >= 1. Silence: zeros.
[[nodiscard]] at::Tensor sound_statistics(const at::Tensor& audio_T, std::int64_t sample_rate_hz);

/// Distance of each row to its nearest training row: root mean square over features, [N] float64.
/// @throws ShapeError if the widths differ; DataError if there is no training row.
[[nodiscard]] at::Tensor nearest_distances(const at::Tensor& rows_ND,
                                           const at::Tensor& training_MD);

}  // namespace kilonat::metrics
