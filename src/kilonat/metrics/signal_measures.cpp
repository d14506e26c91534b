#include "kilonat/metrics/signal_measures.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <ATen/ATen.h>

namespace kilonat::metrics {
namespace {

std::int64_t power_of_two_from(std::size_t size) {
  std::int64_t power = 1;
  while (power < static_cast<std::int64_t>(size)) power *= 2;
  return power;
}

/// |FFT|^2 of a signal, zero-padded to `fft_size`, up to half the sample rate.
at::Tensor power_spectrum(const std::vector<double>& samples, std::int64_t fft_size) {
  const at::Tensor padded = at::zeros({fft_size}, at::kDouble);
  std::copy(samples.begin(), samples.end(), padded.data_ptr<double>());
  return at::fft_rfft(padded).abs().square();
}

/// Autocorrelation over lags from 0, normalised to the overlap and to 1 at lag 0.
std::vector<double> autocorrelation(const Signal& signal, std::size_t num_lags) {
  const std::size_t size = signal.samples.size();
  const std::int64_t fft_size = power_of_two_from(2 * size);
  const at::Tensor all = at::fft_irfft(power_spectrum(signal.samples, fft_size), fft_size);
  const double* values = all.data_ptr<double>();
  std::vector<double> result;
  for (std::size_t lag = 0; lag < std::min(num_lags, size); ++lag) {
    const double overlap = static_cast<double>(size - lag) / static_cast<double>(size);
    result.push_back(values[lag] / values[0] / overlap);
  }
  return result;
}

}  // namespace

Signal Signal::piece(double start_s, double length_s) const {
  const auto size = static_cast<double>(samples.size());
  const double begin = std::clamp(start_s * rate_hz, 0.0, size);
  const double end = std::clamp((start_s + length_s) * rate_hz, begin, size);
  return {rate_hz,
          {samples.begin() + static_cast<std::ptrdiff_t>(begin),
           samples.begin() + static_cast<std::ptrdiff_t>(end)}};
}

Signal mono(const audio::AudioBuffer& audio) {
  Signal signal{static_cast<double>(audio.sample_rate_hz), {}};
  signal.samples.resize(static_cast<std::size_t>(audio.num_samples()));
  for (const auto& channel : audio.channels) {
    for (std::size_t i = 0; i < channel.size(); ++i) {
      signal.samples[i] += channel[i] / static_cast<double>(audio.num_channels());
    }
  }
  return signal;
}

double Spectrum::energy(double low_hz, double high_hz) const {
  double sum = 0;
  for (std::size_t i = 0; i < power.size(); ++i) {
    const double frequency_hz = static_cast<double>(i) * bin_hz;
    if (frequency_hz >= low_hz && frequency_hz < high_hz) sum += power[i];
  }
  return sum;
}

double Spectrum::peak_hz(double low_hz, double high_hz) const {
  const auto begin = power.begin() + static_cast<std::ptrdiff_t>(low_hz / bin_hz);
  const auto end = power.begin() + std::min(static_cast<std::ptrdiff_t>(high_hz / bin_hz),
                                            static_cast<std::ptrdiff_t>(power.size()));
  return static_cast<double>(std::max_element(begin, end) - power.begin()) * bin_hz;
}

double Spectrum::centroid_hz() const {
  double weighted = 0;
  double sum = 0;
  for (std::size_t i = 0; i < power.size(); ++i) {
    const double frequency_hz = static_cast<double>(i) * bin_hz;
    if (frequency_hz > 8000) break;
    weighted += power[i] * frequency_hz;
    sum += power[i];
  }
  return weighted / sum;
}

Spectrum spectrum(const Signal& signal) {
  const std::size_t size = signal.samples.size();
  const std::int64_t fft_size = power_of_two_from(std::max<std::size_t>(size, 4096));
  std::vector<double> windowed(size);
  for (std::size_t i = 0; i < size; ++i) {
    const double turn = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size);
    windowed[i] = signal.samples[i] * (0.5 - 0.5 * std::cos(turn));
  }
  const at::Tensor power = power_spectrum(windowed, fft_size);
  const double* values = power.data_ptr<double>();
  return {signal.rate_hz / static_cast<double>(fft_size), {values, values + power.numel()}};
}

std::vector<double> envelope(const Signal& signal, double window_s) {
  std::vector<double> energy{0.0};  // up to and without each sample
  for (const double sample : signal.samples) energy.push_back(energy.back() + sample * sample);
  const auto last = static_cast<double>(signal.samples.size());
  std::vector<double> result;
  for (double centre_s = 0; centre_s < signal.duration_s(); centre_s += kEnvelopeHop_s) {
    const double begin = std::clamp((centre_s - window_s / 2) * signal.rate_hz, 0.0, last);
    const double end = std::clamp((centre_s + window_s / 2) * signal.rate_hz, 0.0, last);
    const double sum =
        energy[static_cast<std::size_t>(end)] - energy[static_cast<std::size_t>(begin)];
    result.push_back(std::sqrt(std::max(0.0, sum) / (window_s * signal.rate_hz)));
  }
  return result;
}

std::vector<double> onsets_s(const Signal& signal) {
  constexpr std::size_t kBefore = 16;  // hops: 80 ms
  constexpr double kApart_s = 0.1;
  const std::vector<double> level = envelope(signal, 0.02);
  const double loudest = *std::max_element(level.begin(), level.end());
  std::vector<double> onsets;
  bool is_armed = true;
  for (std::size_t i = 0; i < level.size(); ++i) {
    const auto begin = level.begin() + static_cast<std::ptrdiff_t>(i - std::min(i, kBefore));
    const double before =
        i < kBefore ? 0.0
                    : *std::min_element(begin, level.begin() + static_cast<std::ptrdiff_t>(i));
    const bool has_risen = level[i] > 2 * before && level[i] > 0.33 * loudest;
    const double now_s = static_cast<double>(i) * kEnvelopeHop_s;
    const bool is_new = onsets.empty() || now_s - onsets.back() > kApart_s;
    if (has_risen && is_armed && is_new) onsets.push_back(now_s);
    is_armed = !has_risen;
  }
  return onsets;
}

double decay_db(const Signal& signal, double from_s, double later_s) {
  const std::vector<double> level = envelope(signal, 0.03);
  const auto from = level.begin() + static_cast<std::ptrdiff_t>(from_s / kEnvelopeHop_s);
  const auto loudest = std::max_element(from, level.end());
  const auto after =
      std::min(loudest + static_cast<std::ptrdiff_t>(later_s / kEnvelopeHop_s), level.end() - 1);
  return 20 * std::log10(*after / *loudest);
}

double pitch_hz(const Signal& signal, double low_hz, double high_hz) {
  struct Peak {
    double lag;
    double height;
  };
  const auto longest = static_cast<std::size_t>(signal.rate_hz / low_hz);
  const auto shortest = static_cast<std::size_t>(signal.rate_hz / high_hz);
  const std::vector<double> likeness = autocorrelation(signal, longest + 2);
  std::vector<Peak> peaks;
  double highest = 0;
  for (std::size_t lag = std::max<std::size_t>(shortest, 1); lag + 1 < likeness.size(); ++lag) {
    const double before = likeness[lag - 1];
    const double here = likeness[lag];
    const double after = likeness[lag + 1];
    if (here <= before || here < after) continue;
    // The vertex of the parabola through three lags: short periods are no whole number of samples.
    const double shift = 0.5 * (before - after) / (before - 2 * here + after);
    peaks.push_back({static_cast<double>(lag) + shift, here - 0.25 * (before - after) * shift});
    highest = std::max(highest, peaks.back().height);
  }
  for (const Peak& peak : peaks) {
    if (peak.height > 0.9 * highest) return signal.rate_hz / peak.lag;
  }
  return 0;
}

}  // namespace kilonat::metrics
