#pragma once
/// What no codec can beat: the rate-distortion function of a stationary Gaussian source under the
/// mean squared error, by reverse water-filling of its power spectrum.
///
/// With the spectral density S over angular frequency and a water level t,
///   D(t) = 1/pi  integral over [0, pi] of min(t, S),
///   R(t) = 1/pi  integral over [0, pi] of max(0, log2(S / t) / 2),
/// distortion and bits per sample. Source: Berger, Rate Distortion Theory, 1971, sect. 4.5;
/// Cover and Thomas, Elements of Information Theory, 2nd ed. 2006, sect. 10.3.3.

#include <vector>

namespace kilonat::rate {

/// The curve of one source. Immutable.
class WaterFilling {
 public:
  /// @param density  S at the N midpoints pi (i + 1/2) / N of [0, pi], in power: their mean is the
  ///                 source's variance. @throws ConfigError if there is none, one is negative or
  ///                 not finite, or all are zero.
  explicit WaterFilling(std::vector<double> density);

  [[nodiscard]] double variance() const { return variance_; }
  /// D(t). REQUIRES: level >= 0 (> 0 in bits_at_level).
  [[nodiscard]] double distortion_at_level(double level) const;
  /// R(t), bits per sample.
  [[nodiscard]] double bits_at_level(double level) const;

  /// R(D): bits per sample; 0 from the variance on. @throws ConfigError for a distortion <= 0.
  [[nodiscard]] double bits_at(double distortion) const;
  /// D(R). @throws ConfigError for bits < 0.
  [[nodiscard]] double distortion_at(double bits_per_sample) const;
  /// dD/dR at that rate, <= 0: -2 ln 2 x the water level. @throws as distortion_at.
  [[nodiscard]] double slope_at(double bits_per_sample) const;

 private:
  /// The level at which `is_too_low` turns from true to false.
  template <class Predicate>
  [[nodiscard]] double level_where(const Predicate& is_too_low) const;
  [[nodiscard]] double level_of_bits(double bits_per_sample) const;

  std::vector<double> density_;
  double variance_ = 0;
  double peak_ = 0;
};

}  // namespace kilonat::rate
