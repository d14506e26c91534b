#include "kilonat/train/schedule.h"

#include <gtest/gtest.h>

namespace kilonat::train {
namespace {

TEST(LearningRateFactor, RisesLinearlyOverTheWarmup) {
  const ScheduleOptions options{.warmup_steps = 4, .decay_per_step = 1};
  EXPECT_DOUBLE_EQ(learning_rate_factor(options, 0, 100), 0.25);
  EXPECT_DOUBLE_EQ(learning_rate_factor(options, 3, 100), 1);
  EXPECT_DOUBLE_EQ(learning_rate_factor(options, 50, 100), 1);
}

TEST(LearningRateFactor, DecaysExponentially) {
  const ScheduleOptions options{.decay_per_step = 0.5};
  EXPECT_DOUBLE_EQ(learning_rate_factor(options, 3, 100), 0.125);
}

TEST(LearningRateFactor, EndsAtTheFloorOfTheCooldown) {
  const ScheduleOptions options{
      .decay_per_step = 1, .cooldown_fraction = 0.5, .cooldown_floor = 0.1};
  EXPECT_DOUBLE_EQ(learning_rate_factor(options, 49, 100), 1);
  EXPECT_NEAR(learning_rate_factor(options, 74, 100), 0.55, 1e-12);  // half way: mean of 1 and 0.1
  EXPECT_NEAR(learning_rate_factor(options, 99, 100), 0.1, 1e-12);
}

}  // namespace
}  // namespace kilonat::train
