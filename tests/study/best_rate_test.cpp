#include "kilonat/study/best_rate.h"

#include <gtest/gtest.h>

namespace kilonat::study {
namespace {

TEST(BestRate, IsCertainWhereTheIntervalsAreFarApart) {
  const auto shares = best_rate_shares({{2, 1.0, 0.9, 1.1}, {0.5, 5.0, 4.9, 5.1}}, true, 0);
  ASSERT_EQ(shares.size(), 2U);
  EXPECT_EQ(shares[0].target_kbps, 0.5);
  EXPECT_EQ(shares[0].share, 0);
  EXPECT_EQ(shares[1].share, 1);
  EXPECT_EQ(best_rate_shares({{2, 1.0, 0.9, 1.1}, {0.5, 5.0, 4.9, 5.1}}, false, 0)[0].share, 1);
}

TEST(BestRate, IsATossWhereTheFiguresAreTheSame) {
  const auto shares = best_rate_shares({{1, 3, 2, 4}, {2, 3, 2, 4}}, true, 0);
  // 4000 fair draws: a standard deviation of 0.008.
  EXPECT_NEAR(shares[0].share, 0.5, 0.04);
  EXPECT_NEAR(shares[0].share + shares[1].share, 1, 1e-12);
}

TEST(BestRate, TakesTheSeedsOfARateForItsSpread) {
  // Without spread over seeds the rate of 2 would always win; one of its seeds is worse than the
  // other rate, and both draws are that seed a quarter of the time, or their mean is worse.
  const auto shares =
      best_rate_shares({{1, 2, 2, 2}, {1, 2, 2, 2}, {2, 1, 1, 1}, {2, 2.5, 2.5, 2.5}}, true, 0);
  EXPECT_NEAR(shares[1].share, 0.75, 0.03);
}

TEST(BestRate, SaysNothingAboutNothing) {
  EXPECT_TRUE(best_rate_shares({}, true, 0).empty());
}

}  // namespace
}  // namespace kilonat::study
