#include "kilonat/dsp/mel.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"

namespace kilonat::dsp {

namespace {

// Slaney's Auditory Toolbox scale: linear below 1 kHz, logarithmic above.
constexpr double kHzPerMel = 200.0 / 3.0;
constexpr double kBreakHz = 1000.0;
constexpr double kBreakMel = kBreakHz / kHzPerMel;
const double kLogStep = std::log(6.4) / 27.0;

double mel_from_hz(double hz) {
  return hz < kBreakHz ? hz / kHzPerMel : kBreakMel + std::log(hz / kBreakHz) / kLogStep;
}

double hz_from_mel(double mel) {
  return mel < kBreakMel ? mel * kHzPerMel : kBreakHz * std::exp(kLogStep * (mel - kBreakMel));
}

}  // namespace

at::Tensor mel_filterbank(const MelOptions& options) {
  const double nyquist_hz = 0.5 * static_cast<double>(options.sample_rate_hz);
  const double max_hz = options.max_hz > 0 ? options.max_hz : nyquist_hz;
  KILONAT_REQUIRE(options.sample_rate_hz > 0 && options.fft_size > 1 && options.num_mels > 0,
                  ConfigError,
                  "mel filterbank: {} filters on an FFT of {} at {} Hz, expected positive sizes",
                  options.num_mels,
                  options.fft_size,
                  options.sample_rate_hz);
  KILONAT_REQUIRE(options.min_hz >= 0 && options.min_hz < max_hz && max_hz <= nyquist_hz,
                  ConfigError,
                  "mel filterbank: range {} to {} Hz, expected an ascending range up to {} Hz",
                  options.min_hz,
                  max_hz,
                  nyquist_hz);
  const std::int64_t bins = options.fft_size / 2 + 1;
  const double min_mel = mel_from_hz(options.min_hz);
  const double mel_step =
      (mel_from_hz(max_hz) - min_mel) / static_cast<double>(options.num_mels + 1);
  std::vector<double> edges_hz(static_cast<std::size_t>(options.num_mels) + 2);
  for (std::size_t i = 0; i < edges_hz.size(); ++i) {
    edges_hz[i] = hz_from_mel(min_mel + mel_step * static_cast<double>(i));
  }
  at::Tensor filters = at::zeros({options.num_mels, bins}, at::kFloat);
  auto values = filters.accessor<float, 2>();
  for (std::int64_t mel = 0; mel < options.num_mels; ++mel) {
    const auto i = static_cast<std::size_t>(mel);
    const double norm = 2.0 / (edges_hz[i + 2] - edges_hz[i]);
    for (std::int64_t bin = 0; bin < bins; ++bin) {
      const double hz = static_cast<double>(bin) * static_cast<double>(options.sample_rate_hz) /
                        static_cast<double>(options.fft_size);
      const double rising = (hz - edges_hz[i]) / (edges_hz[i + 1] - edges_hz[i]);
      const double falling = (edges_hz[i + 2] - hz) / (edges_hz[i + 2] - edges_hz[i + 1]);
      values[mel][bin] = static_cast<float>(norm * std::max(0.0, std::min(rising, falling)));
    }
  }
  return filters;
}

}  // namespace kilonat::dsp
