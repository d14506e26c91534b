#include "kilonat/data/procedural/gaussian.h"

#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>
#include <vector>

namespace kilonat::data::procedural {
namespace {

constexpr double kPi = std::numbers::pi;

Sound make_white(std::size_t num_samples, Rng& rng) {
  Sound sound(num_samples);
  for (float& x : sound) x = static_cast<float>(std::sqrt(kGaussianVariance) * rng.normal());
  return sound;
}

double white_density(double /*omega*/) {
  return kGaussianVariance;
}

// x[n] = a1 x[n-1] + a2 x[n-2] + e[n].
constexpr double kPoleRadius = 0.9;
const double kA1 = 2 * kPoleRadius * std::cos(kPi / 4);
constexpr double kA2 = -kPoleRadius * kPoleRadius;
constexpr std::size_t kSettling = 512;  // 0.9^512 = 4e-24 of the start is left

/// Of e, from the Yule-Walker equations.
double innovation_variance() {
  return kGaussianVariance * (1 + kA2) * ((1 - kA2) * (1 - kA2) - kA1 * kA1) / (1 - kA2);
}

Sound make_ar2(std::size_t num_samples, Rng& rng) {
  const double deviation = std::sqrt(innovation_variance());
  double last = 0;
  double before = 0;
  const auto next = [&] {
    const double x = kA1 * last + kA2 * before + deviation * rng.normal();
    before = last;
    return last = x;
  };
  for (std::size_t i = 0; i < kSettling; ++i) next();
  Sound sound(num_samples);
  for (float& x : sound) x = static_cast<float>(next());
  return sound;
}

double ar2_density(double omega) {
  const auto z = std::polar(1.0, -omega);
  return innovation_variance() / std::norm(1.0 - kA1 * z - kA2 * z * z);
}

// An ideal band under a Blackman window: 74 dB down outside.
constexpr int kHalfTaps = 63;
constexpr double kLowEdge = kPi / 8;
constexpr double kHighEdge = 3 * kPi / 8;

double ideal_tap(int i) {
  if (i == 0) return (kHighEdge - kLowEdge) / kPi;
  return (std::sin(kHighEdge * i) - std::sin(kLowEdge * i)) / (kPi * i);
}

/// Tap i of the middle one; their squares add up to the variance.
const std::vector<double>& band_taps() {
  static const std::vector<double> taps = [] {
    std::vector<double> result;
    double energy = 0;
    for (int i = -kHalfTaps; i <= kHalfTaps; ++i) {
      const double phase = kPi * i / (kHalfTaps + 1);
      const double window = 0.42 + 0.5 * std::cos(phase) + 0.08 * std::cos(2 * phase);
      result.push_back(window * ideal_tap(i));
      energy += result.back() * result.back();
    }
    for (double& tap : result) tap *= std::sqrt(kGaussianVariance / energy);
    return result;
  }();
  return taps;
}

Sound make_band(std::size_t num_samples, Rng& rng) {
  const std::vector<double>& taps = band_taps();
  std::vector<double> noise(num_samples + taps.size() - 1);
  for (double& x : noise) x = rng.normal();
  Sound sound(num_samples);
  for (std::size_t n = 0; n < num_samples; ++n) {
    double sum = 0;
    for (std::size_t i = 0; i < taps.size(); ++i) sum += taps[i] * noise[n + i];
    sound[n] = static_cast<float>(sum);
  }
  return sound;
}

double band_density(double omega) {
  const std::vector<double>& taps = band_taps();
  double gain = taps[kHalfTaps];  // the taps are symmetric: no phase
  for (int i = 1; i <= kHalfTaps; ++i) {
    gain += 2 * taps[static_cast<std::size_t>(kHalfTaps + i)] * std::cos(omega * i);
  }
  return gain * gain;
}

}  // namespace

std::span<const GaussianSource> gaussian_sources() {
  static const std::vector<GaussianSource> sources{
      {"gaussian-white", "white Gaussian noise", white_density, make_white},
      {"gaussian-ar2", "Gaussian noise with a resonance", ar2_density, make_ar2},
      {"gaussian-band", "band-limited Gaussian noise", band_density, make_band}};
  return sources;
}

const GaussianSource* find_gaussian(std::string_view name) {
  for (const GaussianSource& source : gaussian_sources()) {
    if (source.name == name) return &source;
  }
  return nullptr;
}

}  // namespace kilonat::data::procedural
