#include "kilonat/train/generator_report.h"

#include "base/temporary_folder.h"
#include "generation/made_set.h"
#include <gtest/gtest.h>

namespace kilonat::train {
namespace {

TEST(TypicalDuration, IsTheMedianOfTheTrainingClipsAsTheyAreTrainedOn) {
  const kilonat::testing::TemporaryFolder folder;
  // 4 samples a frame at 40 Hz, the last frame a sample short.
  generation::write_made_set(folder / "set",
                             {{.clip = 0, .num_frames = 10},
                              {.clip = 1, .num_frames = 30},
                              {.clip = 1, .variant = 1, .num_frames = 2},
                              {.clip = 2, .num_frames = 50},
                              {.clip = 3, .num_frames = 90, .split = "valid"}});
  const generation::LatentSet set(folder / "set");
  EXPECT_DOUBLE_EQ(typical_duration_s(set, {}), 119.0 / 40);
  EXPECT_DOUBLE_EQ(typical_duration_s(set, {.max_frames = 20}), 2.0);
}

}  // namespace
}  // namespace kilonat::train
