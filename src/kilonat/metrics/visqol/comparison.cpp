#include "kilonat/metrics/visqol/comparison.h"

#include <optional>

#include "kilonat/metrics/visqol/fine_alignment.h"
#include "kilonat/metrics/visqol/nsim.h"
#include "kilonat/metrics/visqol/patch_matching.h"
#include "kilonat/metrics/visqol/spectrogram.h"

namespace kilonat::metrics::visqol {

PatchSimilarities compare(std::span<const double> reference,
                          std::span<const double> degraded,
                          const GammatoneBank& bank,
                          double sample_rate_hz) {
  Spectrogram reference_levels = amplitudes(reference, bank);
  Spectrogram degraded_levels = amplitudes(degraded, bank);
  const bool is_reference_silent = is_below_floor(reference_levels);
  amplitudes_to_levels(reference_levels, degraded_levels);
  const std::size_t num_degraded_frames = degraded_levels.num_frames();
  degraded_levels.append_floor(kPatchFrames);

  const auto starts = patch_starts(reference_levels.num_frames(), num_degraded_frames);
  const auto matches =
      match_patches(reference_levels, starts, degraded_levels, num_degraded_frames);
  PatchSimilarities result{.patches = std::vector<Bands>(starts.size()),
                           .is_reference_silent = is_reference_silent};
  for (std::size_t k = 0; k < starts.size(); ++k) {
    if (!matches[k]) {
      ++result.num_unmatched;
      continue;
    }
    const Bands coarse = band_similarities({reference_levels.row(starts[k]), kPatchFrames},
                                           {degraded_levels.row(*matches[k]), kPatchFrames});
    const Bands fine = similarities_after_alignment(
        reference, degraded, {starts[k], *matches[k]}, bank, sample_rate_hz);
    result.patches[k] = mean(fine) >= mean(coarse) ? fine : coarse;
  }
  return result;
}

}  // namespace kilonat::metrics::visqol
