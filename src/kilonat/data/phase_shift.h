#pragma once
/// The augmentation ShiftPhase of DAC's recipe: every frequency is turned by one angle.

#include <cstdint>

#include "kilonat/audio/buffer.h"

namespace kilonat::data {

/// A stretch of a clip with the phases of all its frequencies turned by `angle_rad`:
/// cos(angle) x + sin(angle) H(x) with the Hilbert transform H, which turns by a quarter. It sounds
/// the same; the waveform is another. At pi it is the stretch with its polarity flipped.
///
/// Note [Around the stretch]: H reaches far, so the clip around the stretch (128 ms on either side,
/// silence beyond the clip's ends) is transformed with it. descript-audiotools turns the bins of an
/// STFT, which comes to the same but for its windows (audiotools/core/dsp.py, shift_phase).
///
/// @param start, length  the stretch, in samples. REQUIRES: within the clip.
/// @return the stretch, with the clip's channels, all turned alike.
[[nodiscard]] audio::AudioBuffer phase_shifted(const audio::AudioBuffer& clip,
                                               std::int64_t start,
                                               std::int64_t length,
                                               double angle_rad);

}  // namespace kilonat::data
