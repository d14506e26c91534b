#include "kilonat/study/rank_correlation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"

namespace kilonat::study {
namespace {

using ::testing::ElementsAre;

TEST(RankCorrelation, GivesEqualValuesTheMeanOfTheirRanks) {
  EXPECT_THAT(ranks({5, 1, 5, 3}), ElementsAre(3.5, 1, 3.5, 2));
}

TEST(RankCorrelation, HearsOrderAlone) {
  EXPECT_DOUBLE_EQ(*spearman({1, 2, 3, 4}, {1, 10, 11, 1000}), 1);
  EXPECT_DOUBLE_EQ(*spearman({1, 2, 3, 4}, {9, 7, 0, -5}), -1);
  // 1 - 6 sum d^2 / (n (n^2 - 1)), d = 1, 1, 0, 0 (C. Spearman 1904).
  EXPECT_DOUBLE_EQ(*spearman({1, 2, 3, 4}, {2, 1, 3, 4}), 1 - 6.0 * 2 / (4 * 15));
}

TEST(RankCorrelation, IsEmptyWhereNothingCanBeSaid) {
  EXPECT_FALSE(spearman({1, 2}, {1, 2}));
  EXPECT_FALSE(spearman({1, 2, 3}, {7, 7, 7}));
  EXPECT_THROW((void)spearman({1, 2, 3}, {1, 2}), InternalError);
}

TEST(RankCorrelation, IsSureOfManyPairsAndUnsureOfFew) {
  std::vector<double> x;
  std::vector<double> y;
  std::vector<std::int64_t> groups;
  for (int i = 0; i < 40; ++i) {
    x.push_back(i);
    y.push_back(i + (i % 7));
    groups.push_back(i);
  }
  const auto many = spearman_interval(x, y, groups, 0);
  ASSERT_TRUE(many);
  EXPECT_GT(many->low, 0.9);
  const auto few = spearman_interval({1, 2, 3, 4, 5}, {1, 2, 3, 5, 4}, {0, 1, 2, 3, 4}, 0);
  ASSERT_TRUE(few);
  EXPECT_LT(few->low, many->low);
  EXPECT_DOUBLE_EQ(few->high, 1);
}

TEST(RankCorrelation, DrawsTheSeedsOfARateTogether) {
  // Two rates: half of the draws have both, with one coefficient (0.894, by hand), the others have
  // one rate twice, whose x does not vary, and so none.
  const auto both = spearman_interval({1, 1, 2, 2}, {1, 2, 3, 4}, {0, 0, 1, 1}, 1);
  if (both) {
    EXPECT_NEAR(both->low, 0.894, 1e-3);
    EXPECT_DOUBLE_EQ(both->low, both->high);
  }
  // Apart, they would give draws of other coefficients.
  const auto apart = spearman_interval({1, 1, 2, 2}, {1, 2, 3, 4}, {0, 1, 2, 3}, 1);
  ASSERT_TRUE(apart);
  EXPECT_LT(apart->low, apart->high);
}

}  // namespace
}  // namespace kilonat::study
