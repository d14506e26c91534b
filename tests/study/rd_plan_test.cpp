#include "kilonat/study/rd_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"
#include "kilonat/study/point_meter.h"

namespace kilonat::study {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

RdOptions small_options() {
  RdOptions options;
  options.rates_kbps = {0.5, 2};
  options.fixed_betas = {0.01};
  options.codebooks = {1, 4};
  options.opus_kbps = {8};
  return options;
}

train::CodecTrainOptions base() {
  train::CodecTrainOptions options;
  options.data.sources = {"sounds"};
  options.data.excerpts.duration_s = 1;
  return options;
}

std::vector<std::string> unit_ids(const std::vector<PlannedUnit>& units) {
  std::vector<std::string> ids;
  for (const PlannedUnit& unit : units) ids.push_back(unit.id);
  return ids;
}

TEST(PlanRd, HasARunForEveryRateAndBetaAndOneForAllCodebooks) {
  const auto units = plan_rd(small_options(), base());
  EXPECT_THAT(
      unit_ids(units),
      ElementsAre(
          "gaussian-0.5-seed0", "gaussian-2-seed0", "rvq-seed0", "fixed_beta-0.01-seed0", "opus"));
  ASSERT_EQ(units[2].points.size(), 2U);
  EXPECT_EQ(units[2].points[1].id, "rvq-4-seed0");
  EXPECT_EQ(units[2].points[1].num_codebooks, 4);
  EXPECT_EQ(units[2].training->codec.bottleneck.num_codebooks, 4);
  EXPECT_EQ(units[2].training->codec.bottleneck.kind, "rvq");
  EXPECT_EQ(units[3].training->rate.law.law, "fixed");
  EXPECT_EQ(units[3].training->rate.law.beta, 0.01);
  EXPECT_FALSE(units[4].training.has_value());
}

TEST(PlanRd, TrainsAllFamiliesOnTheSameButTheBottleneck) {
  const auto units = plan_rd(small_options(), base());
  for (const PlannedUnit& unit : units) {
    if (!unit.training) continue;
    train::CodecTrainOptions options = *unit.training;
    options.codec.bottleneck = base().codec.bottleneck;
    options.rate = base().rate;
    EXPECT_EQ(config::to_toml(options), config::to_toml(base())) << unit.id;
  }
}

TEST(PlanRd, RepeatsTrainedPointsForEverySeed) {
  RdOptions options = small_options();
  options.seeds = {0, 7};
  const auto units = plan_rd(options, base());
  EXPECT_EQ(units.size(), 2 * 4 + 1U);
  EXPECT_EQ(units[4].id, "gaussian-0.5-seed7");
  EXPECT_EQ(units[4].training->run.seed, 7);
  EXPECT_EQ(units[4].points[0].label, units[0].points[0].label);  // one setting for the page
}

TEST(PlanRd, NamesThePointThatCannotBeTrained) {
  RdOptions options = small_options();
  options.rates_kbps = {1e6};
  try {
    (void)plan_rd(options, base());
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("gaussian-1e+06-seed0"));
  }
}

TEST(PlanRd, RefusesListsThatMakeNoSense) {
  RdOptions falling = small_options();
  falling.rates_kbps = {2, 1};
  EXPECT_THROW((void)plan_rd(falling, base()), ConfigError);
  RdOptions twice = small_options();
  twice.seeds = {1, 1};
  EXPECT_THROW((void)plan_rd(twice, base()), ConfigError);
  RdOptions none;
  none.rates_kbps = none.opus_kbps = {};
  none.codebooks = {};
  EXPECT_THROW((void)plan_rd(none, base()), ConfigError);
}

TEST(ChosenUnits, AreThoseOfAPointARunOrAFamily) {
  const auto units = plan_rd(small_options(), base());
  EXPECT_EQ(unit_ids(chosen_units(units, {})), unit_ids(units));
  EXPECT_THAT(unit_ids(chosen_units(units, {"rvq-4-seed0"})), ElementsAre("rvq-seed0"));
  EXPECT_THAT(unit_ids(chosen_units(units, {"opus", "gaussian"})),
              ElementsAre("gaussian-0.5-seed0", "gaussian-2-seed0", "opus"));
  EXPECT_THROW((void)chosen_units(units, {"gaussian-3"}), ConfigError);
}

TEST(SpreadClips, AreEvenlySpreadAndNeverMoreThanThere) {
  EXPECT_THAT(spread_clips(80, 4), ElementsAre(10, 30, 50, 70));
  EXPECT_THAT(spread_clips(2, 5), ElementsAre(0, 1));
  EXPECT_TRUE(spread_clips(0, 5).empty());
  EXPECT_TRUE(spread_clips(5, 0).empty());
}

}  // namespace
}  // namespace kilonat::study
