#pragma once
/// Where two signals agree best.

#include <cstdint>
#include <span>

namespace kilonat::metrics::visqol {

/// The lag at which sum_n a[n + lag] b[n] is largest, zeros lying around both signals; of equal
/// ones the first, from -(L - 1) up, L being the longer one's length. By FFT, O(L log L).
///
/// Positive: an event is later in `a`. REQUIRES: neither is empty, all values are finite.
[[nodiscard]] std::int64_t best_lag(std::span<const double> a, std::span<const double> b);

}  // namespace kilonat::metrics::visqol
