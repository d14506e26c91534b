#include "kilonat/metrics/visqol/correlation.h"

#include <algorithm>
#include <bit>
#include <cstddef>

#include <ATen/ATen.h>

namespace kilonat::metrics::visqol {
namespace {

at::Tensor spectrum(std::span<const double> signal, std::int64_t size) {
  const at::Tensor padded = at::zeros({size}, at::kDouble);
  std::ranges::copy(signal, padded.data_ptr<double>());
  return at::fft_rfft(padded);
}

}  // namespace

std::int64_t best_lag(std::span<const double> a, std::span<const double> b) {
  const at::NoGradGuard no_grad;
  const auto length = static_cast<std::int64_t>(std::max(a.size(), b.size()));
  const auto size = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::size_t>(2 * length)));
  const at::Tensor product = spectrum(a, size) * at::conj(spectrum(b, size));
  const at::Tensor correlation = at::fft_irfft(product, size).contiguous();
  const double* values = correlation.data_ptr<double>();
  std::int64_t best = -(length - 1);
  const auto at_lag = [&](std::int64_t lag) { return values[lag < 0 ? lag + size : lag]; };
  for (std::int64_t lag = best + 1; lag < length; ++lag) {
    if (at_lag(lag) > at_lag(best)) best = lag;
  }
  return best;
}

}  // namespace kilonat::metrics::visqol
