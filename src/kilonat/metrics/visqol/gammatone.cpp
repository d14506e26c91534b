#include "kilonat/metrics/visqol/gammatone.h"

#include <cmath>
#include <complex>
#include <numbers>

namespace kilonat::metrics::visqol {
namespace {

constexpr double kFrameDurationS = 0.08;
constexpr double kLowestHz = 50;
constexpr double kEarQ = 9.26449;     // Glasberg & Moore 1990
constexpr double kMinWidthHz = 24.7;  // the same
constexpr double kOrderWidth = 1.019;

double bandwidth_rad(double centre_hz) {
  return kOrderWidth * 2 * std::numbers::pi * (centre_hz / kEarQ + kMinWidthHz);
}

/// The places of the four sections' zeros.
std::array<double, 4> zero_slopes() {
  const double p = std::sqrt(3 + std::pow(2, 1.5));
  const double q = std::sqrt(3 - std::pow(2, 1.5));
  return {p, -p, q, -q};
}

/// Amplitude of the four sections together at the centre frequency, over T^4 (T: sample period).
double gain_at_centre(double centre_hz, double period_s) {
  using namespace std::complex_literals;
  const double angle = 2 * std::numbers::pi * centre_hz * period_s;
  const double decay = std::exp(-bandwidth_rad(centre_hz) * period_s);
  const std::complex<double> turn2 = std::exp(2i * angle);
  std::complex<double> product = 1;
  for (const double slope : zero_slopes()) {
    product *= -2.0 * turn2 +
               2 * decay * std::exp(1i * angle) * (std::cos(angle) + slope * std::sin(angle));
  }
  const std::complex<double> poles = -2 * decay * decay - 2.0 * turn2 + 2.0 * (1.0 + turn2) * decay;
  return std::abs(product / std::pow(poles, 4));
}

std::vector<double> hann_window(std::size_t size) {
  std::vector<double> window(size);
  for (std::size_t i = 0; i < size; ++i) {
    const double turn = static_cast<double>(i) / static_cast<double>(size - 1);
    window[i] = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * turn);
  }
  return window;
}

}  // namespace

Bands centre_frequencies_hz(double sample_rate_hz) {
  constexpr double kOffset = kEarQ * kMinWidthHz;
  const double highest_hz = sample_rate_hz / 2;
  const double step =
      (std::log(kLowestHz + kOffset) - std::log(highest_hz + kOffset)) / double{kNumBands};
  Bands centres{};
  for (std::size_t i = 0; i < kNumBands; ++i) {
    const auto steps_down = static_cast<double>(kNumBands - i);
    centres[i] = -kOffset + (highest_hz + kOffset) * std::exp(steps_down * step);
  }
  return centres;
}

GammatoneBank::GammatoneBank(std::int64_t sample_rate_hz)
    : window_(hann_window(static_cast<std::size_t>(
          std::llround(kFrameDurationS * static_cast<double>(sample_rate_hz))))) {
  const auto rate_hz = static_cast<double>(sample_rate_hz);
  const Bands centres = centre_frequencies_hz(rate_hz);
  for (std::size_t band = 0; band < kNumBands; ++band) set_filter(band, centres[band], rate_hz);
}

void GammatoneBank::set_filter(std::size_t band, double centre_hz, double sample_rate_hz) {
  const double period_s = 1 / sample_rate_hz;
  const double angle = 2 * std::numbers::pi * centre_hz * period_s;
  const double decay = std::exp(-bandwidth_rad(centre_hz) * period_s);
  Filters& filters = filters_[band / kNumLanes];
  const std::size_t lane = band % kNumLanes;
  for (std::size_t k = 0; k < kNumSections; ++k) {
    filters.zeros[k][lane] = -decay * (std::cos(angle) + zero_slopes()[k] * std::sin(angle));
  }
  filters.pole1[lane] = -2 * std::cos(angle) * decay;
  filters.pole2[lane] = decay * decay;
  gains_[band] = 1 / gain_at_centre(centre_hz, period_s);
}

GammatoneBank::Lanes GammatoneBank::sum_of_squares(const Filters& filters,
                                                   std::span<const double> samples) {
  // Transposed direct form II. What a sample passes through fits the registers of any CPU.
  Lanes first[kNumSections] = {};
  Lanes second[kNumSections] = {};
  Lanes sum = {};
  for (const double sample : samples) {
    Lanes x = {sample, sample};
    for (std::size_t k = 0; k < kNumSections; ++k) {
      const Lanes y = x + first[k];
      first[k] = (filters.zeros[k] * x + second[k]) - filters.pole1 * y;
      second[k] = -(filters.pole2 * y);
      x = y;
    }
    sum += x * x;
  }
  return sum;
}

Bands GammatoneBank::rms(std::span<const double> frame) const {
  std::vector<double> windowed(window_.size());
  for (std::size_t i = 0; i < windowed.size(); ++i) windowed[i] = window_[i] * frame[i];
  Bands result{};
  for (std::size_t band = 0; band < kNumBands; band += kNumLanes) {
    const Lanes sum = sum_of_squares(filters_[band / kNumLanes], windowed);
    for (std::size_t lane = 0; lane < kNumLanes; ++lane) {
      const double mean_square = sum[lane] / static_cast<double>(windowed.size());
      result[band + lane] = gains_[band + lane] * std::sqrt(mean_square);
    }
  }
  return result;
}

}  // namespace kilonat::metrics::visqol
