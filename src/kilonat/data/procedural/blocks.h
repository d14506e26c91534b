#pragma once
/// The parts that sounds are made of: noise, filters, modes, tables, envelopes.
///
/// Frequencies are in Hz, times in s, t60 is the time in which a sound falls by 60 dB. Nothing here
/// makes content at or above half the sample rate: modes and partials up there are left out.

#include <cstddef>
#include <span>
#include <vector>

#include "kilonat/base/seed_tree.h"

namespace kilonat::data::procedural {

using Sound = std::vector<float>;

/// Whole samples in a time.
[[nodiscard]] std::size_t samples_of(double duration_s, double rate_hz);

/// White noise, uniform in [-1, 1).
[[nodiscard]] Sound white_noise(std::size_t num_samples, Rng& rng);

/// Second-order low, band and high pass at once; the cutoff may change at every sample.
/// Source: Zavalishin, The Art of VA Filter Design, 2012, ch. 4 (topology-preserving transform).
class StateVariableFilter {
 public:
  struct Outputs {
    double low = 0;
    double band = 0;  ///< gain 1 at the cutoff
    double high = 0;
  };
  /// @param quality  of the resonance, > 0; 0.707 has none.
  StateVariableFilter(double rate_hz, double cutoff_hz, double quality);
  /// The cutoff is held within 5 Hz and 0.49 of the rate.
  void tune(double cutoff_hz);
  Outputs step(double input);

 private:
  double rate_hz_;
  double damping_;
  double gain_ = 0;  // tan(pi cutoff / rate)
  double first_ = 0;
  double second_ = 0;
};

enum class Pass { kLow, kBand, kHigh };
/// Filters a sound at a fixed cutoff, in place.
void filter_(Sound& sound, double rate_hz, Pass pass, double cutoff_hz, double quality = 0.707);

/// One damped resonance: amplitude x sin(2 pi f t + phase) x 10^(-3 t / t60).
struct Mode {
  double frequency_hz = 0;
  double t60_s = 0;
  double amplitude = 1;
  double phase = 0;
};
/// Adds a mode from `start` on; none at or above 0.48 of the rate.
void add_mode_(Sound& sound, double rate_hz, const Mode& mode, std::size_t start = 0);

/// One period of a harmonic sound.
class Wavetable {
 public:
  /// @param amplitudes  of the harmonics 1, 2, ..; those at or above `max_harmonics` are left out.
  Wavetable(std::span<const double> amplitudes, double max_harmonics);
  /// @param phase  in periods, >= 0. Interpolates linearly.
  [[nodiscard]] double at(double phase) const;

 private:
  std::vector<float> samples_;  // one more than the size: the first again
};

/// 10^(-3 t / t60), from 1 at t = 0.
[[nodiscard]] double decay(double time_s, double t60_s);
/// 0 to 1 over `rise_s`, a raised cosine.
[[nodiscard]] double rise(double time_s, double rise_s);

/// A smooth random curve about 0 with about unit spread: a sum of three sines below `fastest_hz`.
class Drift {
 public:
  Drift(double fastest_hz, Rng& rng);
  [[nodiscard]] double at(double time_s) const;

 private:
  struct Wave {
    double frequency_hz;
    double phase;
  };
  Wave waves_[3];
};

}  // namespace kilonat::data::procedural
