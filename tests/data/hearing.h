#pragma once
/// Writes captions from sounds: what the captions of procedural clips claim, measured.

#include <string>

#include "kilonat/audio/buffer.h"

namespace kilonat::testing {

/// The caption of a clip of the class, from its samples alone. Fails the test for another class.
///
/// Each threshold lies between the ranges that docs/data.md gives for the two words.
[[nodiscard]] std::string caption_heard(const std::string& sound_class,
                                        const audio::AudioBuffer& audio);

}  // namespace kilonat::testing
