#include "kilonat/rate/law.h"

#include <functional>

#include <gtest/gtest.h>

namespace kilonat::rate {
namespace {

// The slope of a law's value over one of its arguments must be the coefficient it reports.
// 1e-6: central differences of piecewise quadratics in doubles, steps of 1e-4.
constexpr double kSlopeTolerance = 1e-6;

double slope(const std::function<double(double)>& value, double at) {
  constexpr double kStep = 1e-4;
  return (value(at + kStep) - value(at - kStep)) / (2 * kStep);
}

class EveryLaw : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Laws, EveryLaw, ::testing::ValuesIn(law_names()));

TEST_P(EveryLaw, ReportsCoefficientsThatAreTheSlopesOfItsValue) {
  const auto law = make_law({.law = GetParam(), .weight = 2, .initial_beta = 0.7});
  for (const double nats : {5.0, 14.0, 40.0}) {
    const double matched = 0.6 * nats;
    const auto value = [&](double k, double m) { return law->term({10.0, {k, m}, k}).value; };
    const RateTerm term = law->term({10.0, {nats, matched}, nats});
    // K and K_matched are independent here, so A = K - K_matched moves with both.
    EXPECT_NEAR(slope([&](double k) { return value(k, matched); }, nats),
                term.kl_coefficient + term.aggregate_coefficient,
                kSlopeTolerance);
    EXPECT_NEAR(slope([&](double m) { return value(nats, m); }, matched),
                term.matched_coefficient - term.aggregate_coefficient,
                kSlopeTolerance);
  }
}

TEST(PenaltyHingeLaw, CostsNothingBelowTheTarget) {
  const auto law = make_law({.law = "penalty_hinge"});
  EXPECT_EQ(law->term({10.0, {9.0, 9.0}, 9.0}).kl_coefficient, 0);
  EXPECT_GT(law->term({10.0, {11.0, 11.0}, 11.0}).kl_coefficient, 0);
}

TEST(MatchedLaw, DoesNotReactToAConstantOffsetButForItsLightCost) {
  const auto law = make_law({.law = "matched", .weight = 3, .aggregate_weight = 0.1});
  const RateTerm plain = law->term({10.0, {5.0, 5.0}, 5.0});
  const RateTerm offset = law->term({10.0, {25.0, 5.0}, 25.0});
  EXPECT_EQ(plain.matched_coefficient, offset.matched_coefficient);
  EXPECT_LT(offset.matched_coefficient, 0);
  EXPECT_EQ(offset.kl_coefficient, 0);
  EXPECT_DOUBLE_EQ(offset.value - plain.value, 0.1 * 20.0 / 10.0);
}

TEST(DualLaw, RaisesBetaAboveTheTargetAndLowersItBelow) {
  const auto law = make_law({.law = "dual"});
  const double start = law->beta();
  law->update({10.0, {12.0, 12.0}, 12.0});
  const double raised = law->beta();
  EXPECT_GT(raised, start);
  for (int i = 0; i < 3; ++i) law->update({10.0, {7.0, 7.0}, 7.0});
  EXPECT_LT(law->beta(), start);
}

TEST(DualLaw, DoesNotTellApartFarFromVeryFar) {
  const auto far = make_law({.law = "dual"});
  const auto very_far = make_law({.law = "dual"});
  far->update({10.0, {20.0, 20.0}, 20.0});
  very_far->update({10.0, {2000.0, 2000.0}, 2000.0});
  EXPECT_EQ(far->beta(), very_far->beta());
}

TEST(FixedLaw, IgnoresTheTarget) {
  const auto law = make_law({.law = "fixed", .beta = 0.25});
  EXPECT_EQ(law->term({1.0, {8.0, 8.0}, 8.0}).kl_coefficient, 0.25);
  EXPECT_EQ(law->term({100.0, {8.0, 8.0}, 8.0}).value, 2.0);
}

}  // namespace
}  // namespace kilonat::rate
