#pragma once
/// What captions of procedural sounds tell of: pitch, decay, number .. (docs/data.md).

#include <map>
#include <set>
#include <string>

namespace kilonat::metrics {

/// Aspect to word: {"pitch", "high"}, {"decay", "slow"}.
using CaptionAspects = std::map<std::string, std::string>;

/// The aspects that a caption names, by the words that are alternatives to each other.
///
/// "a low bell with a fast decay": pitch low, decay fast. "two fast footsteps": count two, speed
/// fast.
[[nodiscard]] CaptionAspects caption_aspects(const std::string& caption);

[[nodiscard]] std::set<std::string> aspect_names(const CaptionAspects& aspects);

}  // namespace kilonat::metrics
