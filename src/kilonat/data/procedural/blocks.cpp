#include "kilonat/data/procedural/blocks.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kilonat::data::procedural {
namespace {

constexpr double kTau = 2 * std::numbers::pi;
constexpr std::size_t kTableSize = 4096;
constexpr double kHighestMode = 0.48;  // of the sample rate
constexpr double kInaudible = 1e-5;    // of a mode's start: there it may end

}  // namespace

std::size_t samples_of(double duration_s, double rate_hz) {
  return static_cast<std::size_t>(std::max(0.0, std::round(duration_s * rate_hz)));
}

Sound white_noise(std::size_t num_samples, Rng& rng) {
  Sound noise(num_samples);
  for (float& sample : noise) sample = static_cast<float>(rng.uniform(-1, 1));
  return noise;
}

StateVariableFilter::StateVariableFilter(double rate_hz, double cutoff_hz, double quality)
    : rate_hz_(rate_hz), damping_(1 / quality) {
  tune(cutoff_hz);
}

void StateVariableFilter::tune(double cutoff_hz) {
  gain_ = std::tan(std::numbers::pi * std::clamp(cutoff_hz / rate_hz_, 5 / rate_hz_, 0.49));
}

StateVariableFilter::Outputs StateVariableFilter::step(double input) {
  const double high =
      (input - (damping_ + gain_) * first_ - second_) / (1 + gain_ * (gain_ + damping_));
  const double band = gain_ * high + first_;
  const double low = gain_ * band + second_;
  first_ = gain_ * high + band;
  second_ = gain_ * band + low;
  return {low, damping_ * band, high};
}

void filter_(Sound& sound, double rate_hz, Pass pass, double cutoff_hz, double quality) {
  StateVariableFilter filter(rate_hz, cutoff_hz, quality);
  for (float& sample : sound) {
    const auto out = filter.step(sample);
    sample = static_cast<float>(pass == Pass::kLow    ? out.low
                                : pass == Pass::kBand ? out.band
                                                      : out.high);
  }
}

void add_mode_(Sound& sound, double rate_hz, const Mode& mode, std::size_t start) {
  if (mode.frequency_hz >= kHighestMode * rate_hz) return;
  // A rotating, shrinking phasor: exact, and no sine is computed on the way.
  const double turn = kTau * mode.frequency_hz / rate_hz;
  const double shrink = decay(1 / rate_hz, mode.t60_s);
  const double step_re = shrink * std::cos(turn);
  const double step_im = shrink * std::sin(turn);
  double re = mode.amplitude * std::cos(mode.phase);
  double im = mode.amplitude * std::sin(mode.phase);
  const double audible_s = -std::log10(kInaudible) / 3 * mode.t60_s;
  const std::size_t end = std::min(sound.size(), start + samples_of(audible_s, rate_hz));
  for (std::size_t i = start; i < end; ++i) {
    sound[i] += static_cast<float>(im);
    const double next = re * step_re - im * step_im;
    im = re * step_im + im * step_re;
    re = next;
  }
}

Wavetable::Wavetable(std::span<const double> amplitudes, double max_harmonics)
    : samples_(kTableSize + 1, 0.0F) {
  std::vector<double> sine(kTableSize);
  for (std::size_t i = 0; i < kTableSize; ++i) {
    sine[i] = std::sin(kTau * static_cast<double>(i) / kTableSize);
  }
  std::vector<double> sum(kTableSize, 0.0);
  for (std::size_t k = 1; k <= amplitudes.size(); ++k) {
    if (static_cast<double>(k) >= max_harmonics) break;
    for (std::size_t i = 0; i < kTableSize; ++i) {
      sum[i] += amplitudes[k - 1] * sine[k * i % kTableSize];
    }
  }
  std::transform(sum.begin(), sum.end(), samples_.begin(), [](double value) {
    return static_cast<float>(value);
  });
  samples_.back() = samples_.front();
}

double Wavetable::at(double phase) const {
  const double position = (phase - std::floor(phase)) * kTableSize;
  const auto index = std::min<std::size_t>(static_cast<std::size_t>(position), kTableSize - 1);
  const double fraction = position - static_cast<double>(index);
  return (1 - fraction) * samples_[index] + fraction * samples_[index + 1];
}

double decay(double time_s, double t60_s) {
  return std::exp(-3 * std::numbers::ln10 * time_s / t60_s);
}

double rise(double time_s, double rise_s) {
  if (time_s >= rise_s) return 1;
  return 0.5 - 0.5 * std::cos(std::numbers::pi * std::max(0.0, time_s) / rise_s);
}

Drift::Drift(double fastest_hz, Rng& rng) : waves_{} {
  double share = 1;
  for (Wave& wave : waves_) {
    wave = {fastest_hz * share * rng.uniform(0.8, 1), rng.uniform(0, kTau)};
    share *= 0.6;
  }
}

double Drift::at(double time_s) const {
  double sum = 0;
  for (const Wave& wave : waves_) sum += std::sin(kTau * wave.frequency_hz * time_s + wave.phase);
  return sum * std::sqrt(2.0 / 3.0);  // each sine has power 1/2
}

}  // namespace kilonat::data::procedural
