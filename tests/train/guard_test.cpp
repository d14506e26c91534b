#include "kilonat/train/guard.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"

namespace kilonat::train {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kIds{"dog.ogg@1.5s", "rain.ogg@0.2s"};

TEST(NonFiniteGuard, NamesTheClipsOfABadBatch) {
  NonFiniteGuard guard(3);
  const std::string line = guard.count_bad(17, "loss", kIds);
  EXPECT_THAT(line, HasSubstr("step 17"));
  EXPECT_THAT(line, HasSubstr("dog.ogg@1.5s, rain.ogg@0.2s"));
}

TEST(NonFiniteGuard, StopsTheRunAfterTooManyInARow) {
  NonFiniteGuard guard(3);
  (void)guard.count_bad(1, "loss", kIds);
  (void)guard.count_bad(2, "loss", kIds);
  EXPECT_THROW((void)guard.count_bad(3, "loss", kIds), NumericError);
}

TEST(NonFiniteGuard, ForgivesRareAccidentsForEver) {
  NonFiniteGuard guard(3);
  for (int accident = 0; accident < 50; ++accident) {
    (void)guard.count_bad(accident, "loss", kIds);
    for (int i = 0; i < 10; ++i) guard.count_good();
  }
  EXPECT_EQ(guard.num_skipped(), 50);
}

TEST(NonFiniteGuard, StopsWhenEveryFifthBatchIsBad) {
  NonFiniteGuard guard(3);
  const auto run = [&] {
    for (int step = 0; step < 100; ++step) {
      if (step % 5 == 0) {
        (void)guard.count_bad(step, "loss", kIds);
      } else {
        guard.count_good();
      }
    }
  };
  EXPECT_THROW(run(), NumericError);
}

TEST(NonFiniteGuard, ContinuesFromItsState) {
  NonFiniteGuard guard(2);
  (void)guard.count_bad(1, "loss", kIds);
  NonFiniteGuard resumed(2);
  resumed.restore(guard.state());
  EXPECT_THROW((void)resumed.count_bad(2, "loss", kIds), NumericError);
}

}  // namespace
}  // namespace kilonat::train
