#pragma once
/// How alike two signals are, patch by patch.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kilonat/metrics/visqol/gammatone.h"

namespace kilonat::metrics::visqol {

struct PatchSimilarities {
  std::vector<Bands> patches;        ///< at least one; all bands of a patch without a match are 0
  std::size_t num_unmatched = 0;     ///< such patches
  bool is_reference_silent = false;  ///< nowhere above the absolute floor
};

/// Matches the reference's patches with the degraded signal's, and aligns each pair's samples where
/// that makes them more alike.
/// @param reference  kMinReferenceFrames frames or more.
/// @param degraded   aligned as a whole and at the reference's level; one frame or more.
/// @param bank       of that sample rate.
[[nodiscard]] PatchSimilarities compare(std::span<const double> reference,
                                        std::span<const double> degraded,
                                        const GammatoneBank& bank,
                                        double sample_rate_hz);

}  // namespace kilonat::metrics::visqol
