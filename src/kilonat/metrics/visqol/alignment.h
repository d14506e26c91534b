#pragma once
/// Brings a degraded signal to where its reference is.

#include <cstdint>
#include <span>
#include <vector>

namespace kilonat::metrics::visqol {

/// What ViSQOL takes for a Hilbert envelope (see Note [No Hilbert envelope]); as long as the
/// signal.
[[nodiscard]] std::vector<double> envelope(std::span<const double> signal);

struct Aligned {
  std::vector<double> degraded;
  std::int64_t lag_samples = 0;  ///< negative: the degraded signal came late
};

/// Drops the degraded signal's first samples, or puts zeros before them, by the lag of the two
/// envelopes. Lags of more than half the reference are taken for mistakes: nothing is changed then.
/// REQUIRES: neither is empty.
[[nodiscard]] Aligned align(std::span<const double> reference, std::span<const double> degraded);

}  // namespace kilonat::metrics::visqol
