#pragma once
/// Silence and noise in the place of sounds: what a metric must not take for good.

#include <cstdint>
#include <functional>

#include "kilonat/metrics/sound_set.h"

namespace kilonat::metrics {

/// Of the noise that stands beside generated sounds.
inline constexpr double kNoiseAmplitude = 0.1;

/// Clips as long and of the same classes as those of a set, with made-up sound, as the judge hears
/// them.
/// @param amplitude  standard deviation of white noise; 0: silence.
/// @param on_clip  called after each clip; may be empty. @throws as SoundJudge::judge.
[[nodiscard]] SoundSet judge_made_up(SoundJudge& judge,
                                     const SoundSet& like,
                                     double amplitude,
                                     std::uint64_t seed,
                                     const std::function<void()>& on_clip = {});

}  // namespace kilonat::metrics
