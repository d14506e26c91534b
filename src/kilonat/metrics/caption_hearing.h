#pragma once
/// Writes captions from sounds: what the captions of procedural clips claim, measured. No network.

#include <string>
#include <vector>

#include "kilonat/audio/buffer.h"

namespace kilonat::metrics {

/// The caption of a clip of one of the procedural classes, from its samples alone: every word that
/// could be another one (high or low, slow or fast ..) is the one that the sound bears out.
///
/// Each threshold lies between the ranges that docs/data.md gives for the two words.
/// @returns "" for another class, and for a sound that is silent, not finite, or shorter than
/// 0.1 s.
[[nodiscard]] std::string caption_heard(const std::string& sound_class,
                                        const audio::AudioBuffer& audio);

/// A word of a caption that was asked for, and whether the sound bears it out.
struct CheckedWord {
  std::string aspect;  ///< see caption_aspects.h
  bool is_right = false;
};

/// Compares what was asked for with what is heard.
/// @returns empty if the class is not procedural, or the caption is not one that its clips have:
/// somebody's "rain on a roof" says nothing that could be measured here.
[[nodiscard]] std::vector<CheckedWord> check_caption(const std::string& sound_class,
                                                     const std::string& caption,
                                                     const audio::AudioBuffer& audio);

}  // namespace kilonat::metrics
