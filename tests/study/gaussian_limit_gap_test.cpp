#include "kilonat/study/gaussian_limit_gap.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "base/expect_error.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"

namespace kilonat::study {
namespace {

using kilonat::testing::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const rate::WaterFilling& white() {
  static const rate::WaterFilling curve({1.0});  // D = 2^(-2 R)
  return curve;
}

/// Clips whose mean has this rate and this distance above the curve of `white`, scattered across
/// it.
LimitGap gap_of(double bits, double gap_db, double scatter_db = 0.1) {
  std::vector<LimitClip> clips;
  const double error = std::exp2(-2 * bits) * std::pow(10.0, gap_db / 10);
  for (const double sign : {-1.0, 1.0, -1.0, 1.0}) {
    clips.push_back({bits, error * (1 + sign * scatter_db * std::numbers::ln10 / 10)});
  }
  return gap_from_limit(white(), clips);
}

// A bit of white noise is 20 log10(2) = 6.02 dB.
TEST(GapFromLimit, IsInDecibelsAndInBits) {
  const LimitGap gap = gap_of(1.5, 0.6);
  EXPECT_NEAR(gap.bits_per_sample, 1.5, 1e-12);
  EXPECT_NEAR(gap.gap_db, 0.6, 1e-9);
  EXPECT_NEAR(gap.gap_bits, 0.6 / (20 * std::log10(2.0)), 1e-9);
}

// Deviations of +-0.1 dB in four clips: sqrt(4 x 0.01 / 3 / 4) dB.
TEST(GapFromLimit, HasTheStandardErrorOfItsClips) {
  const LimitGap gap = gap_of(1.5, 0.6);
  EXPECT_NEAR(gap.gap_db_error, 0.1 / std::sqrt(3.0), 1e-9);
  // At this distortion, 0.6 dB above the curve at 1.5 bits, a bit is worth the same 6.02 dB.
  EXPECT_NEAR(gap.gap_bits_error, 0.1 / std::sqrt(3.0) / (20 * std::log10(2.0)), 1e-9);
}

// Clips that differ along the curve are all at the limit: what scatters is not the gap.
TEST(GapFromLimit, DoesNotTakeLoudClipsForUncertainty) {
  std::vector<LimitClip> clips;
  for (const double bits : {1.999, 2.0, 2.001}) clips.push_back({bits, std::exp2(-2 * bits)});
  const LimitGap gap = gap_from_limit(white(), clips);
  EXPECT_NEAR(gap.gap_bits, 0, 1e-5);  // the curve bends: second order in 0.001
  EXPECT_LT(gap.gap_bits_error, 1e-5);
}

TEST(GapFromLimit, RefusesWhatHasNoStandardErrorOrIsNoFigure) {
  const LimitClip clip{1, 0.25};
  EXPECT_THROW((void)gap_from_limit(white(), std::vector{clip}), ConfigError);
  EXPECT_THROW((void)gap_from_limit(white(), std::vector<LimitClip>{clip, {1, 0}}), NumericError);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW((void)gap_from_limit(white(), std::vector<LimitClip>{clip, {nan, 0.2}}),
               NumericError);
}

// The standard error of gap_of is 0.058 dB.
TEST(IsPossible, UpToThreeStandardErrorsBelowTheCurve) {
  EXPECT_TRUE(is_possible(gap_of(1, 0.5)));
  EXPECT_TRUE(is_possible(gap_of(1, -0.17)));
  EXPECT_FALSE(is_possible(gap_of(1, -0.18)));
}

// The standard error of gap_of is 0.058 dB.
TEST(RequirePossible, AcceptsPointsAboveTheCurveAndWithinTheirError) {
  const std::vector<NamedGap> points{{"above", gap_of(1, 0.5)}, {"at", gap_of(1, -0.15)}};
  EXPECT_NO_THROW(require_possible(points));
}

TEST(RequirePossible, FailsWithEveryPointBelowTheCurve) {
  const std::vector<NamedGap> points{
      {"above", gap_of(1, 0.5)}, {"low", gap_of(1, -0.2)}, {"lower", gap_of(2, -1.0)}};
  const std::string message = message_of<NumericError>([&] { require_possible(points); });
  EXPECT_THAT(message,
              AllOf(HasSubstr("impossible"),
                    HasSubstr("low by 0.0332 bits per sample, 0.200 dB"),
                    HasSubstr("lower by 0.1661"),
                    Not(HasSubstr("above by"))));
  EXPECT_EQ(NumericError(message).exit_code(), 6);
}

}  // namespace
}  // namespace kilonat::study
