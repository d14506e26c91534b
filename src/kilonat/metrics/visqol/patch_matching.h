#pragma once
/// Finds for each patch of the reference the frames of the degraded signal that it sounds like.

#include <cstddef>
#include <optional>
#include <vector>

#include "kilonat/metrics/visqol/spectrogram.h"

namespace kilonat::metrics::visqol {

/// Frames that a reference needs for its first patch: 0.96 s.
inline constexpr std::size_t kMinReferenceFrames = 45;

/// First frames of the reference's patches: 14, 44, 74, ... Those without a counterpart in a
/// shorter degraded signal are left out. Never empty. REQUIRES: num_reference_frames >=
/// kMinReferenceFrames.
[[nodiscard]] std::vector<std::size_t> patch_starts(std::size_t num_reference_frames,
                                                    std::size_t num_degraded_frames);

/// The degraded signal's start frame for each patch; none where leaving the patch out was better.
///
/// The sum of the similarities (NSIM) is the largest that start frames in rising order can reach,
/// each within 60 patches of its reference. By dynamic programming.
/// @param num_degraded_frames  frames of `degraded` that are no appended floor; kPatchFrames - 1 or
///                             more frames must follow them.
[[nodiscard]] std::vector<std::optional<std::size_t>> match_patches(
    const Spectrogram& reference,
    const std::vector<std::size_t>& starts,
    const Spectrogram& degraded,
    std::size_t num_degraded_frames);

}  // namespace kilonat::metrics::visqol
