#pragma once
/// From any number of channels to the model's.

#include <cstdint>

#include "kilonat/audio/buffer.h"

namespace kilonat::audio {

/// To one channel: the mean of all. From one: copies. From more to fewer: output c is the mean of
/// the inputs c, c + n, c + 2n.. (5.1 to stereo keeps left with left). To more: the rest is silent.
[[nodiscard]] AudioBuffer mix_channels(const AudioBuffer& input, std::int64_t num_channels);

/// Every sample times `gain`.
void apply_gain_(AudioBuffer& buffer, double gain);

/// Largest magnitude, 0 for an empty buffer.
[[nodiscard]] double peak(const AudioBuffer& buffer);

}  // namespace kilonat::audio
