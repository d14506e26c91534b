#include "kilonat/base/seed_tree.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace kilonat {
namespace {

TEST(SeedTree, DependsOnThePathOnly) {
  const SeedTree root(7);
  EXPECT_EQ(root.child("data").child(3).seed(), SeedTree(7).child("data").child(3).seed());
}

TEST(SeedTree, GivesDifferentSeedsForDifferentPaths) {
  const SeedTree root(7);
  std::set<std::uint64_t> seeds = {root.seed(), SeedTree(8).child("a").seed()};
  for (std::uint64_t i = 0; i < 1000; ++i) seeds.insert(root.child(i).seed());
  for (const char* name : {"a", "b", "ab", "ba", "0", ""}) seeds.insert(root.child(name).seed());
  seeds.insert(root.child("a").child("b").seed());
  seeds.insert(root.child("b").child("a").seed());
  EXPECT_EQ(seeds.size(), 2U + 1000U + 6U + 2U);
}

// First outputs of the authors' xoshiro256plusplus.c from state {1, 2, 3, 4}.
TEST(Rng, FollowsTheReferenceGenerator) {
  Rng rng(0);
  rng.set_state({1, 2, 3, 4});
  EXPECT_EQ(rng.bits(), 41943041ULL);
  EXPECT_EQ(rng.bits(), 58720359ULL);
  EXPECT_EQ(rng.bits(), 3588806011781223ULL);
}

TEST(Rng, ContinuesExactlyFromARestoredState) {
  Rng rng(5);
  (void)rng.normal();
  Rng other(99);
  other.set_state(rng.state());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rng.normal(), other.normal());
}

TEST(Rng, UniformFillsItsRangeEvenly) {
  Rng rng(1);
  constexpr int kDraws = 20000;
  double sum = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.uniform(-1, 3);
    ASSERT_GE(u, -1);
    ASSERT_LT(u, 3);
    sum += u;
  }
  // Five standard errors of the mean: 4 / sqrt(12 n).
  EXPECT_NEAR(sum / kDraws, 1.0, 5 * 4 / std::sqrt(12.0 * kDraws));
}

TEST(Rng, NormalHasMeanZeroAndVarianceOne) {
  Rng rng(2);
  constexpr int kDraws = 20000;
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = rng.normal();
    sum += x;
    squares += x * x;
  }
  // Five standard errors: 1 / sqrt(n) and sqrt(2 / n).
  EXPECT_NEAR(sum / kDraws, 0.0, 5 / std::sqrt(static_cast<double>(kDraws)));
  EXPECT_NEAR(squares / kDraws, 1.0, 5 * std::sqrt(2.0 / kDraws));
}

TEST(Rng, IntegerReachesEveryValueAndNoOther) {
  Rng rng(3);
  std::array<int, 7> counts{};
  for (int i = 0; i < 7000; ++i) ++counts.at(rng.integer(7));
  // Five standard deviations of a binomial count around 1000: 5 sqrt(7000 (1/7)(6/7)) = 146.
  for (const int count : counts) EXPECT_NEAR(count, 1000, 146);
  EXPECT_EQ(rng.integer(1), 0U);
}

}  // namespace
}  // namespace kilonat
