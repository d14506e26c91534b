#include "kilonat/study/gaussian_limit_gap.h"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/base/errors.h"

namespace kilonat::study {
namespace {

constexpr double kDecibelsPerNeper = 10 / std::numbers::ln10;  // of power

/// Standard errors below the curve that are no chance: one codec at the limit in 740 lies so low.
constexpr double kSurelyBelow = 3;

LimitClip mean_of(std::span<const LimitClip> clips) {
  LimitClip sum;
  for (const LimitClip& clip : clips) {
    KILONAT_REQUIRE(std::isfinite(clip.bits_per_sample) && std::isfinite(clip.squared_error) &&
                        clip.squared_error > 0,
                    NumericError,
                    "distance from the limit: a clip of {} bits per sample with squared error {}",
                    clip.bits_per_sample,
                    clip.squared_error);
    sum.bits_per_sample += clip.bits_per_sample;
    sum.squared_error += clip.squared_error;
  }
  const auto count = static_cast<double>(clips.size());
  return {sum.bits_per_sample / count, sum.squared_error / count};
}

/// Standard error of the mean of bits + per_error x squared error.
double standard_error(std::span<const LimitClip> clips, const LimitClip& mean, double per_error) {
  double sum = 0;
  for (const LimitClip& clip : clips) {
    const double deviation = clip.bits_per_sample - mean.bits_per_sample +
                             per_error * (clip.squared_error - mean.squared_error);
    sum += deviation * deviation;
  }
  const auto count = static_cast<double>(clips.size());
  return std::sqrt(sum / (count - 1) / count);
}

}  // namespace

LimitGap gap_from_limit(const rate::WaterFilling& limit, std::span<const LimitClip> clips) {
  KILONAT_REQUIRE(clips.size() >= 2,
                  ConfigError,
                  "distance from the limit: {} clips, expected at least 2 for a standard error",
                  clips.size());
  const LimitClip mean = mean_of(clips);
  const double limit_bits = limit.bits_at(mean.squared_error);
  const double limit_error = limit.distortion_at(mean.bits_per_sample);
  // Of ln(D / D(R)): dD / D - D'(R) / D(R) dR, a multiple of dR + per_error dD.
  const double log_slope = -limit.slope_at(mean.bits_per_sample) / limit_error;
  return {.bits_per_sample = mean.bits_per_sample,
          .squared_error = mean.squared_error,
          .gap_bits = mean.bits_per_sample - limit_bits,
          .gap_db = kDecibelsPerNeper * std::log(mean.squared_error / limit_error),
          .gap_bits_error = standard_error(clips, mean, -1 / limit.slope_at(limit_bits)),
          .gap_db_error = kDecibelsPerNeper * log_slope *
                          standard_error(clips, mean, 1 / (log_slope * mean.squared_error))};
}

bool is_possible(const LimitGap& gap) {
  return gap.gap_bits >= -kSurelyBelow * gap.gap_bits_error;
}

void require_possible(std::span<const NamedGap> points) {
  std::string found;
  for (const auto& [name, gap] : points) {
    if (is_possible(gap)) continue;
    found += fmt::format("{}{} by {:.4f} bits per sample, {:.3f} dB (standard error {:.4f})",
                         found.empty() ? "" : "; ",
                         name,
                         -gap.gap_bits,
                         -gap.gap_db,
                         gap.gap_bits_error);
  }
  KILONAT_REQUIRE(found.empty(),
                  NumericError,
                  "gaussian limit: below the rate-distortion function, which is impossible: {}; "
                  "rate or distortion is counted wrongly",
                  found);
}

}  // namespace kilonat::study
