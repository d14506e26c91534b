#pragma once
/// Clips in a model's format.

#include <cstdint>
#include <optional>

#include "kilonat/audio/buffer.h"

namespace kilonat::data {

/// What a model expects of its sounds.
struct ClipFormat {
  std::int64_t sample_rate_hz = 44100;
  std::int64_t num_channels = 1;
  /// Whole clips are brought to this loudness (no peak beyond 1); absent: left as they are.
  std::optional<double> loudness_lufs{};
};

struct PreparedClip {
  audio::AudioBuffer audio;
  double gain = 1;  ///< that was applied; divide by it to get the clip's own level
};

/// Mixes, resamples and normalises a clip. @throws DataError if no sample is left.
[[nodiscard]] PreparedClip prepare_clip(const audio::AudioBuffer& raw, const ClipFormat& format);

}  // namespace kilonat::data
