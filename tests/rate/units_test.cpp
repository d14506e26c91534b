#include "kilonat/rate/units.h"

#include <gtest/gtest.h>

namespace kilonat::rate {
namespace {

// 2 kbit/s at 62.5 frames/s: 32 bits = 22.18 nats a frame, worked by hand.
TEST(RateUnits, GiveTheWorkedExample) {
  EXPECT_NEAR(nats_from_kbps(2.0, 62.5), 22.18070977791825, 1e-12);
  EXPECT_NEAR(kbps_from_nats(22.18070977791825, 62.5), 2.0, 1e-14);
  EXPECT_NEAR(bits_from_nats(22.18070977791825), 32.0, 1e-13);
}

TEST(RateUnits, AreInverse) {
  for (const double kbps : {0.01, 0.5, 8.0, 1411.2}) {
    EXPECT_DOUBLE_EQ(kbps_from_nats(nats_from_kbps(kbps, 86.1328125), 86.1328125), kbps);
  }
}

}  // namespace
}  // namespace kilonat::rate
