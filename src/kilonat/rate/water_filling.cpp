#include "kilonat/rate/water_filling.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "kilonat/base/errors.h"

namespace kilonat::rate {
namespace {

constexpr int kBisections = 60;         // of the level's logarithm: 69 / 2^60 is its last bit
constexpr double kLowestLevel = 1e-30;  // in units of the peak: 50 bits for each sample

}  // namespace

WaterFilling::WaterFilling(std::vector<double> density) : density_(std::move(density)) {
  const bool is_density = std::all_of(
      density_.begin(), density_.end(), [](double s) { return std::isfinite(s) && s >= 0; });
  KILONAT_REQUIRE(!density_.empty() && is_density,
                  ConfigError,
                  "water-filling: {} values of a power spectrum; expected at least one, none "
                  "negative or infinite",
                  density_.size());
  variance_ =
      std::accumulate(density_.begin(), density_.end(), 0.0) / static_cast<double>(density_.size());
  peak_ = *std::max_element(density_.begin(), density_.end());
  KILONAT_REQUIRE(peak_ > 0, ConfigError, "water-filling: the power spectrum is zero everywhere");
}

double WaterFilling::distortion_at_level(double level) const {
  double sum = 0;
  for (const double s : density_) sum += std::min(level, s);
  return sum / static_cast<double>(density_.size());
}

double WaterFilling::bits_at_level(double level) const {
  double sum = 0;
  for (const double s : density_) {
    if (s > level) sum += 0.5 * std::log2(s / level);
  }
  return sum / static_cast<double>(density_.size());
}

template <class Predicate>
double WaterFilling::level_where(const Predicate& is_too_low) const {
  double low = std::log(peak_ * kLowestLevel);
  double high = std::log(peak_);
  for (int i = 0; i < kBisections; ++i) {
    const double middle = 0.5 * (low + high);
    (is_too_low(std::exp(middle)) ? low : high) = middle;
  }
  return std::exp(0.5 * (low + high));
}

double WaterFilling::bits_at(double distortion) const {
  KILONAT_REQUIRE(distortion > 0,
                  ConfigError,
                  "water-filling: distortion {}, expected more than 0",
                  distortion);
  if (distortion >= variance_) return 0;
  return bits_at_level(
      level_where([&](double level) { return distortion_at_level(level) < distortion; }));
}

double WaterFilling::level_of_bits(double bits_per_sample) const {
  KILONAT_REQUIRE(bits_per_sample >= 0,
                  ConfigError,
                  "water-filling: {} bits per sample, expected 0 or more",
                  bits_per_sample);
  return level_where([&](double level) { return bits_at_level(level) > bits_per_sample; });
}

double WaterFilling::distortion_at(double bits_per_sample) const {
  return distortion_at_level(level_of_bits(bits_per_sample));
}

double WaterFilling::slope_at(double bits_per_sample) const {
  return -2 * std::numbers::ln2 * level_of_bits(bits_per_sample);
}

}  // namespace kilonat::rate
