#pragma once
/// Compares a pair of matched patches anew, after aligning their samples.

#include <cstddef>
#include <span>

#include "kilonat/metrics/visqol/gammatone.h"

namespace kilonat::metrics::visqol {

/// A reference patch and the degraded one that it was matched with, by their first frames.
struct Match {
  std::size_t reference_frame = 0;
  std::size_t degraded_frame = 0;
};

/// Cuts both patches out of the signals, shifts the degraded one by the lag of their envelopes, and
/// compares the levels of what is left: 12 to 27 frames, since 30 hops hold 27 whole frames.
/// @param reference, degraded  whole signals, the degraded one aligned and at the reference's
/// level.
/// @returns the similarity of each band.
[[nodiscard]] Bands similarities_after_alignment(std::span<const double> reference,
                                                 std::span<const double> degraded,
                                                 const Match& match,
                                                 const GammatoneBank& bank,
                                                 double sample_rate_hz);

}  // namespace kilonat::metrics::visqol
