#include "kilonat/metrics/visqol/fine_alignment.h"

#include <algorithm>
#include <vector>

#include "kilonat/metrics/visqol/alignment.h"
#include "kilonat/metrics/visqol/nsim.h"
#include "kilonat/metrics/visqol/spectrogram.h"

namespace kilonat::metrics::visqol {
namespace {

// Note [Times in seconds]
// ViSQOL keeps times in seconds and truncates when it needs samples, so that one patch in twenty is
// a sample shorter and has a frame less. Its scores depend on that: the arithmetic here is its own,
// operation by operation, and is compiled without fused multiply-add.

/// The samples of a patch from its first frame. What would lie behind the signal's end is silence
/// put before the patch: ViSQOL's order.
std::vector<double> cut_patch(std::span<const double> signal,
                              std::size_t first_frame,
                              std::size_t hop_samples,
                              double sample_rate_hz) {
  const double frame_s = static_cast<double>(hop_samples) / sample_rate_hz;
  const double start_s = static_cast<double>(first_frame) * frame_s;
  const double end_s = start_s + frame_s * static_cast<double>(kPatchFrames);
  const double end_samples = end_s * sample_rate_hz;
  const auto first = static_cast<std::size_t>(start_s * sample_rate_hz);
  const auto stop = std::min(signal.size() - 1, static_cast<std::size_t>(end_samples));
  const double missing_samples = end_samples - static_cast<double>(signal.size());
  std::vector<double> patch(static_cast<std::size_t>(std::max(missing_samples, 0.0)));
  const std::span<const double> samples = signal.subspan(first, stop - first);
  patch.insert(patch.end(), samples.begin(), samples.end());
  return patch;
}

struct Pair {
  std::span<const double> reference;
  std::span<const double> degraded;
};

/// What both patches hold after a lag, which may be 0: of the same length.
Pair common_part(std::span<const double> reference, const Aligned& aligned, double sample_rate_hz) {
  const std::span<const double> degraded = aligned.degraded;
  if (reference.size() >= degraded.size()) return {reference.first(degraded.size()), degraded};
  const double lag_s = static_cast<double>(aligned.lag_samples) / sample_rate_hz;
  const auto lag = static_cast<std::size_t>(std::max(0.0, lag_s * sample_rate_hz));
  return {reference.subspan(lag), degraded.subspan(lag, reference.size() - lag)};
}

}  // namespace

Bands similarities_after_alignment(std::span<const double> reference,
                                   std::span<const double> degraded,
                                   const Match& match,
                                   const GammatoneBank& bank,
                                   double sample_rate_hz) {
  const std::size_t hop = bank.hop_samples();
  const auto reference_patch = cut_patch(reference, match.reference_frame, hop, sample_rate_hz);
  const auto degraded_patch = cut_patch(degraded, match.degraded_frame, hop, sample_rate_hz);
  const Aligned aligned = align(reference_patch, degraded_patch);
  const Pair pair = common_part(reference_patch, aligned, sample_rate_hz);
  Spectrogram reference_levels = amplitudes(pair.reference, bank);
  Spectrogram degraded_levels = amplitudes(pair.degraded, bank);
  amplitudes_to_levels(reference_levels, degraded_levels);
  return band_similarities({reference_levels.row(0), reference_levels.num_frames()},
                           {degraded_levels.row(0), degraded_levels.num_frames()});
}

}  // namespace kilonat::metrics::visqol
