#pragma once
/// What can be measured in a sound to check what its caption claims: levels, spectra, onsets,
/// pitch.

#include <cstddef>
#include <vector>

#include "kilonat/audio/buffer.h"

namespace kilonat::metrics {

/// A piece of sound, one channel.
struct Signal {
  double rate_hz = 0;
  std::vector<double> samples;

  [[nodiscard]] double duration_s() const { return static_cast<double>(samples.size()) / rate_hz; }
  /// From `start_s` on, at most `length_s`, within the signal.
  [[nodiscard]] Signal piece(double start_s, double length_s) const;
};
/// The mean of all channels.
[[nodiscard]] Signal mono(const audio::AudioBuffer& audio);

/// Power over frequency, Hann window, zero-padded to a power of two.
struct Spectrum {
  double bin_hz = 0;
  std::vector<double> power;

  [[nodiscard]] double energy(double low_hz, double high_hz) const;
  /// Of the largest bin between the two.
  [[nodiscard]] double peak_hz(double low_hz, double high_hz) const;
  /// Mean frequency up to 8 kHz, weighted by power: the same at every sample rate.
  [[nodiscard]] double centroid_hz() const;
};
[[nodiscard]] Spectrum spectrum(const Signal& signal);

/// RMS over `window_s`, every 5 ms; entry i is centred on 5 ms x i.
inline constexpr double kEnvelopeHop_s = 0.005;
[[nodiscard]] std::vector<double> envelope(const Signal& signal, double window_s);

/// Times at which the level rises by 6 dB within 80 ms, to a third of its maximum or more;
/// at least 0.1 s apart. Empty for silence and for sounds that only swell.
[[nodiscard]] std::vector<double> onsets_s(const Signal& signal);

/// Level `later_s` after the loudest moment at or behind `from_s`, relative to it [dB].
/// REQUIRES: from_s within the signal.
[[nodiscard]] double decay_db(const Signal& signal, double from_s, double later_s);

/// Fundamental frequency between the two, by autocorrelation: the shortest lag with a peak near the
/// highest one. 0: no peak.
[[nodiscard]] double pitch_hz(const Signal& signal, double low_hz, double high_hz);

}  // namespace kilonat::metrics
