#pragma once
/// Stationary Gaussian noise of known spectrum: the sources whose rate-distortion function is known
/// in closed form. They are no sounds of the classes: "all" does not name them, and their clips are
/// neither faded nor brought to a level, which would change their statistics.

#include <span>
#include <string>
#include <string_view>

#include "kilonat/data/procedural/blocks.h"

namespace kilonat::data::procedural {

/// Of every Gaussian source: -20 dB of full scale, so that nothing comes near it.
inline constexpr double kGaussianVariance = 0.01;

struct GaussianSource {
  std::string name;
  std::string caption;
  /// Power at an angular frequency in [0, pi] of the sample rate; its mean is kGaussianVariance.
  double (*density)(double omega);
  /// So many samples, stationary from the first.
  Sound (*make)(std::size_t num_samples, Rng& rng);
};

/// gaussian-white; gaussian-ar2: two poles of radius 0.9 at an eighth of the sample rate;
/// gaussian-band: from 1/16 to 3/16 of the sample rate (1 to 3 kHz at 16), 127 taps.
[[nodiscard]] std::span<const GaussianSource> gaussian_sources();

/// The source of that name, or null.
[[nodiscard]] const GaussianSource* find_gaussian(std::string_view name);

}  // namespace kilonat::data::procedural
