#pragma once
/// How far a measured point lies from the rate-distortion curve of its source, and whether it may.
///
/// The sum over frames of KL(posterior || prior) is at least the information that the latents hold
/// of the sound, and that is at least R(D) at the mean squared error D of whatever is decoded from
/// them. So no codec lies below the curve: a point that does says that rate or distortion is
/// counted wrongly.

#include <span>
#include <string>

#include "kilonat/rate/water_filling.h"

namespace kilonat::study {

/// A clip of the source as a model coded it, edges left out.
struct LimitClip {
  double bits_per_sample = 0;  ///< KL against N(0, 1)
  double squared_error = 0;    ///< mean over samples
};

/// Means over clips of equal length, and their distance from the curve: > 0 above it.
struct LimitGap {
  double bits_per_sample = 0;
  double squared_error = 0;
  double gap_bits = 0;  ///< bits per sample that the curve would need less, at this distortion
  double gap_db = 0;    ///< distortion over that of the curve, at this rate
  double gap_bits_error = 0;  ///< standard error over clips, as in Note [Standard error]
  double gap_db_error = 0;
};

/// Note [Standard error]: a clip that happens to be loud costs more bits and has more error. So the
/// error of the gap is that of its linearisation in both, clip by clip, not of each alone.
///
/// @param clips  at least two. @throws ConfigError if there are fewer; NumericError if a figure is
///               not finite or a squared error not above 0.
[[nodiscard]] LimitGap gap_from_limit(const rate::WaterFilling& limit,
                                      std::span<const LimitClip> clips);

/// False for a point that lies below the curve by more than three standard errors.
[[nodiscard]] bool is_possible(const LimitGap& gap);

/// A point with its name.
struct NamedGap {
  std::string name;
  LimitGap gap;
};

/// @throws NumericError that names every point that is not possible.
void require_possible(std::span<const NamedGap> points);

}  // namespace kilonat::study
