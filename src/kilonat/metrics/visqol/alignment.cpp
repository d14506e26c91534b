#include "kilonat/metrics/visqol/alignment.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <numeric>

#include "kilonat/metrics/visqol/correlation.h"

namespace kilonat::metrics::visqol {
namespace {

constexpr std::size_t kMinTransformSize = 32;

/// Whether shifting the degraded signal by so much is believed in, and leaves something of it.
bool is_plausible(std::int64_t lag, std::size_t num_reference, std::size_t num_degraded) {
  return 2 * std::abs(lag) <= static_cast<std::int64_t>(num_reference) &&
         -lag < static_cast<std::int64_t>(num_degraded);
}

}  // namespace

// Note [No Hilbert envelope]
// ViSQOL transforms back to real numbers, which loses the analytic signal's imaginary part. What is
// left is twice the signal without its mean, corrected at 0 Hz and at half the sample rate for the
// power of two that the transform was padded to; here in closed form. A true envelope gives other
// lags and other scores.
std::vector<double> envelope(std::span<const double> signal) {
  const std::size_t size = signal.size();
  const auto padded_size = std::bit_ceil(std::max(size, kMinTransformSize));
  const double mean =
      std::accumulate(signal.begin(), signal.end(), 0.0) / static_cast<double>(size);
  double sum = 0;
  double alternating_sum = 0;
  for (std::size_t i = 0; i < size; ++i) {
    sum += signal[i] - mean;
    alternating_sum += i % 2 == 0 ? signal[i] - mean : mean - signal[i];
  }
  const double at_zero = sum / static_cast<double>(padded_size);
  const double at_half =
      (size == padded_size ? 1 : 2) * alternating_sum / static_cast<double>(padded_size);
  std::vector<double> result(size);
  for (std::size_t i = 0; i < size; ++i) {
    const double correction = at_zero + (i % 2 == 0 ? at_half : -at_half);
    result[i] = std::abs(2 * (signal[i] - mean) - correction) + mean;
  }
  return result;
}

Aligned align(std::span<const double> reference, std::span<const double> degraded) {
  std::int64_t lag = best_lag(envelope(reference), envelope(degraded));
  if (!is_plausible(lag, reference.size(), degraded.size())) lag = 0;
  const auto num_dropped = static_cast<std::size_t>(std::max<std::int64_t>(-lag, 0));
  const std::span<const double> kept = degraded.subspan(num_dropped);
  Aligned result{std::vector<double>(static_cast<std::size_t>(std::max<std::int64_t>(lag, 0))),
                 lag};
  result.degraded.insert(result.degraded.end(), kept.begin(), kept.end());
  return result;
}

}  // namespace kilonat::metrics::visqol
