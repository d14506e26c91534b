#include "kilonat/config/nearest.h"

#include <vector>

#include <gtest/gtest.h>

namespace kilonat::config {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("rate", "raet"), 1U);
  EXPECT_EQ(edit_distance("same", "same"), 0U);
}

TEST(NearestSpelling, FindsAMistypedName) {
  const std::vector<std::string> names = {"target_kbps", "law", "weight"};
  EXPECT_EQ(nearest_spelling("target_kpbs", names), "target_kbps");
  EXPECT_EQ(nearest_spelling("wieght", names), "weight");
}

TEST(NearestSpelling, CompletesAnAbbreviation) {
  const std::vector<std::string> names = {"law", "discriminator"};
  EXPECT_EQ(nearest_spelling("disc", names), "discriminator");
}

TEST(NearestSpelling, OffersNothingWhenNothingIsNear) {
  const std::vector<std::string> names = {"law", "weight"};
  EXPECT_EQ(nearest_spelling("discriminator", names), "");
  EXPECT_EQ(nearest_spelling("ab", names), "");
}

}  // namespace
}  // namespace kilonat::config
