#pragma once
/// Clips through a codec, as a judge of generated sounds hears them: what the codec alone costs.

#include <cstdint>
#include <functional>

#include "kilonat/codec/model_file.h"
#include "kilonat/data/source.h"
#include "kilonat/metrics/sound_set.h"

namespace kilonat::train {

/// @param seed  of the posterior's samples. @param on_clip  called after each clip; may be empty.
/// @throws as SoundJudge::judge.
[[nodiscard]] metrics::SoundSet judge_reconstructions(metrics::SoundJudge& judge,
                                                      const data::Source& source,
                                                      codec::LoadedModel& loaded,
                                                      std::uint64_t seed,
                                                      const std::function<void()>& on_clip = {});

}  // namespace kilonat::train
