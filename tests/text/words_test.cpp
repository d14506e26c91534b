#include "kilonat/text/words.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kilonat::text {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kBuckets = 2048;

TEST(SplitWords, PartsAtWhatIsNoLetterAndLowersTheRest) {
  EXPECT_THAT(split_words("A dog's bark, twice: 2x!"),
              ElementsAre("a", "dog", "s", "bark", "twice", "2x"));
}

TEST(SplitWords, FindsNoneInEmptyOrBlankTexts) {
  EXPECT_THAT(split_words(""), IsEmpty());
  EXPECT_THAT(split_words(" \t\n-\u2014\u2026"), IsEmpty());
}

TEST(SplitWords, KnowsOtherLettersThanEnglish) {
  EXPECT_THAT(split_words("\u00dcBER M\u00dcLL"), ElementsAre("\u00fcber", "m\u00fcll"));
  EXPECT_THAT(split_words("\u0414\u041e\u0416\u0414\u042c"),
              ElementsAre("\u0434\u043e\u0436\u0434\u044c"));
  EXPECT_THAT(split_words("\u72ac\u304c \u5420\u3048\u308b\u3002"),
              ElementsAre("\u72ac\u304c", "\u5420\u3048\u308b"));
}

TEST(SplitWords, TakesQuotesAndPicturesForNoLetters) {
  EXPECT_THAT(split_words("\u201crain\u201d \U0001F436 wind\u00b0"), ElementsAre("rain", "wind"));
}

TEST(SplitWords, PartsAtBytesThatAreNotUtf8) {
  EXPECT_THAT(split_words("rain\xffwind\xc3"), ElementsAre("rain", "wind"));
  EXPECT_THAT(split_words(std::string("a\0b", 3)), ElementsAre("a", "b"));
}

TEST(TrigramBuckets, AreOneForEachRunOfThreeLettersWithItsEnds) {
  const auto buckets = trigram_buckets("dog", kBuckets);
  ASSERT_EQ(buckets.size(), 3u);
  EXPECT_EQ(buckets[1], trigram_buckets("hotdogs", kBuckets)[4]);
  EXPECT_NE(buckets[0], trigram_buckets("hotdogs", kBuckets)[3]);  // "<do" is not "tdo"
  EXPECT_EQ(trigram_buckets("a", kBuckets).size(), 1u);
  EXPECT_EQ(trigram_buckets("\u00fcb", kBuckets).size(), 2u);  // letters, not bytes
}

TEST(TrigramBuckets, LieInTheRangeAndSpreadOverIt) {
  std::set<std::int64_t> seen;
  for (int i = 0; i < 200; ++i) {
    for (const std::int64_t bucket : trigram_buckets("word" + std::to_string(i), 16)) {
      EXPECT_GE(bucket, 0);
      EXPECT_LT(bucket, 16);
      seen.insert(bucket);
    }
  }
  EXPECT_EQ(seen.size(), 16u);
}

TEST(TrigramBuckets, AreSharedByWordsOfOneStem) {
  const auto shared = [](const char* a, const char* b) {
    const auto first = trigram_buckets(a, kBuckets);
    const std::set<std::int64_t> known(first.begin(), first.end());
    const auto second = trigram_buckets(b, kBuckets);
    return std::count_if(
        second.begin(), second.end(), [&](std::int64_t bucket) { return known.contains(bucket); });
  };
  EXPECT_EQ(shared("barking", "barked"), 3);  // <ba bar ark
  EXPECT_EQ(shared("barking", "siren"), 0);
}

TEST(TrigramBuckets, EndAfterAWhile) {
  EXPECT_EQ(trigram_buckets(std::string(5000, 'x'), kBuckets).size(),
            static_cast<std::size_t>(kMaxTrigrams));
}

}  // namespace
}  // namespace kilonat::text
