#include "kilonat/rate/rate_law.h"

#include "base/expect_error.h"
#include "rate/plant.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/config/schema.h"
#include "kilonat/rate/law.h"
#include "kilonat/rate/units.h"

namespace kilonat::rate {
namespace {

using ::testing::HasSubstr;
using testing::message_of;
using testing::Plant;
using testing::PlantOptions;

constexpr double kFrameRateHz = 62.5;
constexpr std::int64_t kChannels = 32;

RateLaw make(RateLawOptions options) {
  return {std::move(options), kFrameRateHz, kChannels};
}

// What a run leaves behind.
struct Trace {
  double mean_nats = 0;   // noise-free K over the last fifth
  double least_nats = 0;  // after K first came within 10 % of the target
};

Trace run(RateLaw& law, Plant& plant, std::int64_t first_step, std::int64_t last_step) {
  Trace trace{.mean_nats = 0, .least_nats = 1e300};
  const std::int64_t tail = (last_step - first_step) / 5;
  bool has_arrived = false;
  for (std::int64_t step = first_step; step < last_step; ++step) {
    const RateObservation observation = plant.observe();
    plant.step(law.term(step, observation));
    law.update(step, observation);
    plant.take(law.spread_contraction() * plant.nats());
    has_arrived = has_arrived || plant.nats() < 1.1 * law.final_target_nats();
    if (has_arrived) trace.least_nats = std::min(trace.least_nats, plant.nats());
    if (step >= last_step - tail) trace.mean_nats += plant.nats() / static_cast<double>(tail);
  }
  return trace;
}

class EveryTarget : public ::testing::TestWithParam<double> {};

INSTANTIATE_TEST_SUITE_P(Kbps, EveryTarget, ::testing::Values(0.5, 1.0, 2.0, 4.0, 8.0));

TEST_P(EveryTarget, DualConvergesWithinTwoPercent) {
  RateLaw law = make({.law = "dual", .target_kbps = GetParam()});
  Plant plant({});
  const Trace trace = run(law, plant, 0, 4000);
  EXPECT_NEAR(trace.mean_nats / law.final_target_nats(), 1.0, 0.02);
  EXPECT_EQ(law.report(0.05).verdict, RateVerdict::kReached) << law.report().text;
  // The price at rest is the plant's slope: beta K / K* = slope at K = K*.
  EXPECT_NEAR(law.beta(), 3.0, 0.3);
}

// The price alone, from up to 18 times the target in no time: while K falls, the integral winds up
// for as long as the smoothed K lags, and takes K below its target (0.25 of it at 0.5 kbit/s). The
// limits of Note [Anti-windup] keep K alive, and it comes back. Configs have a warm-up and the
// servo.
TEST_P(EveryTarget, PriceAloneComesBackFromItsUndershootWithoutWarmup) {
  RateLaw law = make({.law = "dual",
                      .target_kbps = GetParam(),
                      .initial_beta = 1.0,
                      .gain = 0.03,  // what the price alone can bear
                      .servo_gain = 0});
  Plant plant({.noise = 0});
  const Trace trace = run(law, plant, 0, 4000);
  EXPECT_GT(trace.least_nats, 0.2 * law.final_target_nats());
  EXPECT_NEAR(trace.mean_nats / law.final_target_nats(), 1.0, 0.02);
}

TEST_P(EveryTarget, DualUndershootsLessThanATenthAfterAWarmup) {
  RateLaw law =
      make({.law = "dual", .target_kbps = GetParam(), .initial_beta = 3.0, .warmup_steps = 1000});
  Plant plant({.noise = 0});
  const Trace trace = run(law, plant, 0, 4000);
  EXPECT_GT(trace.least_nats, 0.9 * law.final_target_nats());
}

// A quick warm-up, 150 steps, begun at the price of rest: what the servo takes off is what the
// target loses, so there is no error for the integral to wind up on.
TEST_P(EveryTarget, DualFollowsAQuickWarmupWithoutLagging) {
  RateLaw law =
      make({.law = "dual", .target_kbps = GetParam(), .initial_beta = 3.0, .warmup_steps = 150});
  Plant plant({.noise = 0});
  double most_error = 0;
  double most_beta = 0;
  for (std::int64_t step = 0; step < 600; ++step) {
    const RateObservation observation = plant.observe();
    plant.step(law.term(step, observation));
    law.update(step, observation);
    plant.take(law.spread_contraction() * plant.nats());
    most_error = std::max(most_error, std::abs(plant.nats() / law.target_nats(step + 1) - 1));
    most_beta = std::max(most_beta, law.beta());
  }
  EXPECT_LT(most_error, 0.25);
  EXPECT_LT(most_beta, 2 * 3.0);  // at rest it is the plant's slope, 3
}

TEST_P(EveryTarget, DualForgivesAnInitialBetaThatIsFarOff) {
  for (const double initial_beta : {1e-3, 100.0}) {
    RateLaw law = make({.law = "dual", .target_kbps = GetParam(), .initial_beta = initial_beta});
    Plant plant({});
    EXPECT_NEAR(run(law, plant, 0, 6000).mean_nats / law.final_target_nats(), 1.0, 0.02);
  }
}

// A penalty whose slope w beats the plant's (w > slope) holds K at its target, on either side.
TEST_P(EveryTarget, PenaltyAndMatchedConvergeWhenTheirWeightIsLargeEnough) {
  for (const char* name : {"penalty", "matched"}) {
    RateLaw law = make({.law = name, .target_kbps = GetParam(), .weight = 10});
    Plant plant({});
    EXPECT_NEAR(run(law, plant, 0, 4000).mean_nats / law.final_target_nats(), 1.0, 0.1) << name;
  }
}

// A hinge does as much: K falls on it from above. A square has no slope at its target, so K rests
// above it: 2 w e (1 + e) = slope for the error e.
TEST_P(EveryTarget, HingeHoldsTheTargetAndASquareRestsAboveIt) {
  RateLaw hinge = make({.law = "penalty_hinge", .target_kbps = GetParam(), .weight = 10});
  Plant plant({});
  EXPECT_NEAR(run(hinge, plant, 0, 4000).mean_nats / hinge.final_target_nats(), 1.0, 0.1);
  for (const auto& [weight, rest] : {std::pair{10.0, 1.1325}, std::pair{30.0, 1.0477}}) {
    RateLaw square = make({.law = "penalty_squared", .target_kbps = GetParam(), .weight = weight});
    Plant quiet({.noise = 0});
    EXPECT_NEAR(run(square, quiet, 0, 4000).mean_nats / square.final_target_nats(), rest, 0.005);
  }
}

// The optimiser hardly follows the price any more (the end of a schedule): the servo still does.
TEST(RateLaw, ServoHoldsTheRateWhenTheWeightsHaveStoppedFollowing) {
  for (const double servo_gain : {0.0, 0.03}) {
    RateLaw law = make({.law = "dual", .target_kbps = 2, .servo_gain = servo_gain});
    Plant plant({.start_nats = 30, .lag_steps = 1e5});
    const double error = run(law, plant, 0, 1000).mean_nats / law.final_target_nats() - 1;
    if (servo_gain > 0) {
      EXPECT_LT(std::abs(error), 0.02);
    } else {
      EXPECT_GT(std::abs(error), 0.2);
    }
  }
}

TEST(RateLaw, OneOutlierMovesTheSmoothedRateByAtMostItsLimit) {
  RateLaw law = make({.law = "dual", .smoothing = 0.9});
  law.update(0, {20, 20});
  law.update(1, {2000, 2000});
  EXPECT_NEAR(law.smoothed_nats(), 0.9 * 20 + 0.1 * 80, 1e-9);
}

TEST(RateLaw, DualPricesTheAggregateApartFromTheRate) {
  const RateLaw law = make({.law = "dual", .target_kbps = 2, .aggregate_weight = 30});
  const RateTerm term = law.term(0, {20, 15});
  EXPECT_NEAR(term.aggregate_coefficient, 30 / law.final_target_nats(), 1e-12);
  EXPECT_EQ(term.matched_coefficient, 0);
}

TEST(RateLaw, ContinuesExactlyFromARestoredState) {
  for (const std::string& name : law_names()) {
    const RateLawOptions options{.law = name, .warmup_steps = 300};
    RateLaw whole = make(options);
    Plant plant({});
    run(whole, plant, 0, 200);
    Plant plant_copy = plant;
    RateLaw resumed = make(options);
    resumed.restore(nlohmann::json::parse(whole.state().dump()));  // through text, as on disk
    run(whole, plant, 200, 500);
    run(resumed, plant_copy, 200, 500);
    EXPECT_EQ(whole.state().dump(), resumed.state().dump()) << name;
    EXPECT_EQ(plant.nats(), plant_copy.nats()) << name;
  }
}

TEST(RateLaw, RefusesAForeignOrDamagedState) {
  RateLaw law = make({.law = "dual"});
  const auto good = law.state();
  auto other = good;
  other["law"] = "penalty";
  EXPECT_THROW(law.restore(other), FormatError);
  auto damaged = good;
  damaged["law_state"]["log_beta"] = "high";
  EXPECT_THROW(law.restore(damaged), FormatError);
  EXPECT_THROW(law.restore(nlohmann::json::array()), FormatError);
}

TEST(RateLaw, IgnoresAnObservationThatIsNotFinite) {
  RateLaw law = make({.law = "dual"});
  law.update(0, {20, 20});
  const std::string before = law.state().dump();
  law.update(1, {std::nan(""), 20});
  EXPECT_EQ(law.state().dump(), before);
}

TEST(RateLaw, WarmupFallsGeometricallyFromTheMeasuredStart) {
  RateLaw law = make({.law = "dual", .warmup_steps = 100});
  EXPECT_DOUBLE_EQ(law.target_nats(0), law.final_target_nats());  // nothing measured yet
  law.update(0, {16 * law.final_target_nats(), 0});
  EXPECT_NEAR(law.target_nats(0) / law.final_target_nats(), 16, 1e-12);
  EXPECT_NEAR(law.target_nats(25) / law.final_target_nats(), 8, 1e-12);
  EXPECT_NEAR(law.target_nats(50) / law.final_target_nats(), 4, 1e-12);
  EXPECT_EQ(law.target_nats(100), law.final_target_nats());
  EXPECT_EQ(law.target_nats(100000), law.final_target_nats());
}

TEST(RateLaw, WarmupStartsAtTheGivenFactor) {
  const RateLaw law = make({.law = "dual", .warmup_steps = 100, .start_factor = 4});
  EXPECT_NEAR(law.target_nats(50) / law.final_target_nats(), 2, 1e-12);
}

TEST(RateLaw, WarmupNeverStartsBelowTheTarget) {
  RateLaw law = make({.law = "dual", .warmup_steps = 100});
  law.update(0, {0.001, 0.001});
  EXPECT_DOUBLE_EQ(law.target_nats(10), law.final_target_nats());
}

TEST(RateLaw, RefusesATargetThatTheWidthCannotCarry) {
  // 32 channels x 9.21 nats at 62.5 frames/s: 26.58 kbit/s.
  EXPECT_NO_THROW(make({.target_kbps = 26.5}));
  const auto message = message_of<ConfigError>([] { make({.target_kbps = 64}); });
  EXPECT_THAT(message, HasSubstr("rate 64 kbit/s: 709.8 nats a frame at 62.5 frames/s"));
  EXPECT_THAT(message, HasSubstr("32 latent channels carry at most 294.7 (26.58 kbit/s)"));
}

TEST(RateLaw, RefusesATargetThatIsNotPositive) {
  EXPECT_THROW(make({.target_kbps = 0}), ConfigError);
  EXPECT_THROW(make({.target_kbps = -1}), ConfigError);
  EXPECT_THROW(make({.target_kbps = std::nan("")}), ConfigError);
}

TEST(RateLaw, RefusesAnUnknownLawAndBoundsThatDoNotHold) {
  const auto message = message_of<ConfigError>([] { make({.law = "duel"}); });
  EXPECT_THAT(message, HasSubstr("rate.law is 'duel', expected dual, "));
  EXPECT_THROW(make({.law = "dual", .initial_beta = 1, .max_beta = 0.5}), ConfigError);
}

TEST(RateLaw, ReportsNoMissWhereNoneWasPromised) {
  const RateLaw fixed = make({.law = "fixed", .target_kbps = 2, .beta = 0.01});
  const RateReport of_fixed = fixed.report_on(3 * fixed.final_target_nats(), 0.02);
  EXPECT_EQ(of_fixed.verdict, RateVerdict::kReached);
  EXPECT_THAT(of_fixed.text, HasSubstr("under a fixed beta: 6.000 kbit/s"));
  const RateLaw hinge = make({.law = "penalty_hinge", .target_kbps = 2});
  const double target = hinge.final_target_nats();
  EXPECT_EQ(hinge.report_on(0.5 * target, 0.02).verdict, RateVerdict::kReached);
  EXPECT_EQ(hinge.report_on(1.5 * target, 0.02).verdict, RateVerdict::kAbove);
}

TEST(RateLaw, ReportsThatTheModelGivesNoMoreNats) {
  RateLaw law = make({.law = "dual", .target_kbps = 8});
  Plant plant({.most_nats = 40, .start_nats = 20});
  run(law, plant, 0, 4000);
  EXPECT_EQ(law.report().verdict, RateVerdict::kNoMoreNats);
  EXPECT_THAT(law.report().text, HasSubstr("the model gives no more nats"));
  EXPECT_THAT(law.report().text, HasSubstr("of 8.000 kbit/s (88.72 nats a frame)"));
}

TEST(RateLaw, ReportsThatTheRateWillNotGoLower) {
  RateLaw law = make({.law = "dual", .target_kbps = 0.5});
  Plant plant({.least_nats = 50});
  run(law, plant, 0, 4000);
  EXPECT_EQ(law.report().verdict, RateVerdict::kWillNotGoLower);
  EXPECT_THAT(law.report().text, HasSubstr("will not go lower"));
}

TEST(RateLaw, ReportsThatItNeedsMoreStepsBeforeABound) {
  RateLaw law = make({.law = "dual", .target_kbps = 0.5});
  Plant plant({});
  run(law, plant, 0, 20);
  EXPECT_EQ(law.report().verdict, RateVerdict::kAbove);
  EXPECT_THAT(law.report().text, HasSubstr("train longer"));
}

TEST(RateLaw, RecoversSoonFromALongStayAtABound) {
  RateLaw law = make({.law = "dual", .target_kbps = 8});
  const double target = law.final_target_nats();
  for (std::int64_t step = 0; step < 20000; ++step) law.update(step, {0.5 * target, 0});
  EXPECT_NEAR(law.beta(), law.options().min_beta, 1e-12);
  // Not wound up: 10 / gain steps at full error span e^10 of beta.
  for (std::int64_t step = 0; step < 600; ++step) law.update(step, {3 * target, 0});
  EXPECT_GT(law.beta(), 1.0);
}

TEST(RateLawOptions, AreListedInTheConfigWithTheirChoices) {
  RateLawOptions options;
  config::load_text("law = 'matched'\ntarget_kbps = 4\n", "a.toml", options);
  EXPECT_EQ(options.law, "matched");
  const auto message =
      message_of<ConfigError>([&] { config::load_text("target_kbps = -2\n", "a.toml", options); });
  EXPECT_EQ(message, "a.toml:1: 'target_kbps' is -2 kbit/s, expected at least 1e-06 kbit/s");
}

}  // namespace
}  // namespace kilonat::rate
