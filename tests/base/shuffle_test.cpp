#include "kilonat/base/shuffle.h"

#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace kilonat {
namespace {

TEST(Shuffle, GivesEveryOrderAlikeOften) {
  std::map<std::vector<int>, int> counts;
  Rng rng(1);
  for (int i = 0; i < 6000; ++i) {
    std::vector<int> items{1, 2, 3};
    shuffle(std::span(items), rng);
    ++counts[items];
  }
  ASSERT_EQ(counts.size(), 6U);
  // 1000 each, with a standard deviation of 29.
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(Shuffle, IsTheSameUnderTheSameSeed) {
  std::vector<int> a{1, 2, 3, 4, 5, 6, 7, 8};
  std::vector<int> b = a;
  Rng first(7);
  Rng second(7);
  shuffle(std::span(a), first);
  shuffle(std::span(b), second);
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace kilonat
