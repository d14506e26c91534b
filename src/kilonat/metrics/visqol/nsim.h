#pragma once
/// NSIM, the neurogram similarity index: how alike two patches of levels look.
///
/// Source: Hines & Harte 2012, "Speech intelligibility prediction using a Neurogram Similarity
/// Index Measure", with the constants of github.com/google/visqol, which keeps an intensity range
/// of 1 although levels go to 45.

#include <cstddef>

#include "kilonat/metrics/visqol/gammatone.h"
#include "kilonat/metrics/visqol/spectrogram.h"

namespace kilonat::metrics::visqol {

/// Frames of a spectrogram, which it does not own.
struct Patch {
  const double* first_row = nullptr;  ///< Spectrogram::row
  std::size_t num_frames = 0;
};

/// Similarity of each band: mean over the frames. 1 where the two are equal, at most 1.
/// REQUIRES: both have the same number of frames, at least one.
[[nodiscard]] Bands band_similarities(const Patch& reference, const Patch& degraded);

/// Mean over the bands.
[[nodiscard]] double mean(const Bands& bands);

}  // namespace kilonat::metrics::visqol
