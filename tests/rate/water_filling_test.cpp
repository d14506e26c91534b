#include "kilonat/rate/water_filling.h"

#include <cmath>
#include <complex>
#include <functional>
#include <limits>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "kilonat/base/errors.h"

namespace kilonat::rate {
namespace {

constexpr double kPi = std::numbers::pi;
// Bisection ends within the last bits of the level; sums of 4096 doubles round to about 1e-13.
constexpr double kTight = 1e-11;

WaterFilling curve_of(const std::function<double(double)>& density, int num_points = 4096) {
  std::vector<double> values;
  for (int i = 0; i < num_points; ++i) values.push_back(density(kPi * (i + 0.5) / num_points));
  return WaterFilling(values);
}

/// Autoregressive source of these coefficients and innovation variance.
std::function<double(double)> autoregressive(double a1, double a2, double innovation) {
  return [=](double omega) {
    const auto z = std::polar(1.0, -omega);
    return innovation / std::norm(1.0 - a1 * z - a2 * z * z);
  };
}

TEST(WaterFilling, OfWhiteNoiseIsSixDecibelsABit) {
  const WaterFilling white = curve_of([](double) { return 0.25; });
  EXPECT_NEAR(white.variance(), 0.25, kTight);
  for (const double bits : {0.0, 0.1, 1.0, 2.5, 8.0}) {
    EXPECT_NEAR(white.distortion_at(bits) / (0.25 * std::exp2(-2 * bits)), 1, kTight) << bits;
  }
  EXPECT_NEAR(white.bits_at(0.25 / 64), 3, kTight);
}

// Kolmogorov: the mean of ln S of an autoregression is ln of its innovation variance. Below the
// lowest density the water covers the whole band, and D = entropy power x 2^(-2 R).
TEST(WaterFilling, AtHighRateIsTheEntropyPower) {
  const double innovation = 0.3;
  for (const auto& density : {autoregressive(0.9, 0, innovation),
                              autoregressive(2 * 0.9 * std::cos(kPi / 4), -0.81, innovation)}) {
    const WaterFilling curve = curve_of(density);
    for (const double bits : {3.0, 6.0}) {
      // The midpoint rule is exact to 0.9^8192 for a pole of radius 0.9.
      EXPECT_NEAR(curve.distortion_at(bits) / (innovation * std::exp2(-2 * bits)), 1, kTight);
    }
  }
}

TEST(WaterFilling, HasTheVarianceOfAnAutoregression) {
  EXPECT_NEAR(curve_of(autoregressive(0.9, 0, 0.3)).variance(), 0.3 / (1 - 0.81), kTight);
  const double a1 = 1.2;
  const double a2 = -0.6;
  // Yule-Walker.
  const double expected = 0.3 * (1 - a2) / ((1 + a2) * ((1 - a2) * (1 - a2) - a1 * a1));
  EXPECT_NEAR(curve_of(autoregressive(a1, a2, 0.3)).variance(), expected, kTight);
}

// A quarter of the band holds everything: a sample in four is worth coding, with four times the
// bits.
TEST(WaterFilling, OfAFlatBandSpendsNothingOutside) {
  const WaterFilling band =
      curve_of([](double omega) { return omega > kPi / 8 && omega < 3 * kPi / 8 ? 4.0 : 0.0; });
  for (const double bits : {0.25, 0.5, 2.0}) {
    EXPECT_NEAR(band.distortion_at(bits) / std::exp2(-2 * bits / 0.25), 1, kTight) << bits;
    EXPECT_NEAR(band.bits_at(std::exp2(-8 * bits)), bits, kTight) << bits;
  }
}

// Densities 4 and 1, half the band each, worked by hand: at level 2 the weaker half is under water
// (D = (2 + 1) / 2, R = 1/2 x 1/2 bit); at level 1/4, D = 1/4 and R = (4/2 + 2/2) / 2 bits.
TEST(WaterFilling, LeavesBandsBelowTheLevelUncoded) {
  const WaterFilling steps = curve_of([](double omega) { return omega < kPi / 2 ? 4.0 : 1.0; });
  EXPECT_NEAR(steps.bits_at(1.5), 0.25, kTight);
  EXPECT_NEAR(steps.distortion_at(0.25), 1.5, kTight);
  EXPECT_NEAR(steps.bits_at(0.25), 1.5, kTight);
  EXPECT_NEAR(steps.slope_at(0.25), -4 * std::numbers::ln2, kTight);
}

TEST(WaterFilling, InvertsItself) {
  const WaterFilling curve = curve_of(autoregressive(1.2, -0.6, 1));
  for (const double bits : {0.01, 0.3, 1.0, 4.0, 12.0}) {
    EXPECT_NEAR(curve.bits_at(curve.distortion_at(bits)), bits, kTight) << bits;
  }
}

TEST(WaterFilling, HasTheSlopeOfItsCurve) {
  const WaterFilling curve = curve_of(autoregressive(1.2, -0.6, 1));
  constexpr double kStep = 1e-4;  // the central difference is off by its square
  for (const double bits : {0.3, 1.0, 4.0}) {
    const double difference =
        (curve.distortion_at(bits + kStep) - curve.distortion_at(bits - kStep)) / (2 * kStep);
    EXPECT_NEAR(curve.slope_at(bits) / difference, 1, 1e-5) << bits;
  }
}

TEST(WaterFilling, NeedsNoBitsForTheVariance) {
  const WaterFilling curve = curve_of(autoregressive(0.5, 0, 1));
  EXPECT_EQ(curve.bits_at(curve.variance()), 0);
  EXPECT_EQ(curve.bits_at(2 * curve.variance()), 0);
  EXPECT_NEAR(curve.distortion_at(0), curve.variance(), kTight);
}

TEST(WaterFilling, RefusesWhatIsNoSpectrumAndNoPoint) {
  EXPECT_THROW(WaterFilling({}), ConfigError);
  EXPECT_THROW(WaterFilling({0, 0}), ConfigError);
  EXPECT_THROW(WaterFilling({1, -1}), ConfigError);
  EXPECT_THROW(WaterFilling({1, std::numeric_limits<double>::infinity()}), ConfigError);
  const WaterFilling white({1});
  EXPECT_THROW((void)white.bits_at(0), ConfigError);
  EXPECT_THROW((void)white.distortion_at(-1), ConfigError);
}

}  // namespace
}  // namespace kilonat::rate
