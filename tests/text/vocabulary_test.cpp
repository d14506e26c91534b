#include "kilonat/text/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"

namespace kilonat::text {
namespace {

TEST(Vocabulary, PutsFrequentWordsFirstAndEqualOnesByTheAlphabet) {
  const auto vocabulary = Vocabulary::of_captions({"a dog barks", "A cat", "a dog"});
  EXPECT_THAT(vocabulary.words(), testing::ElementsAre("a", "dog", "barks", "cat"));
  EXPECT_EQ(vocabulary.num_ids(), 7);
  EXPECT_EQ(vocabulary.id("a"), 3);
  EXPECT_EQ(vocabulary.id("cat"), 6);
}

TEST(Vocabulary, GivesOneIdToAllWordsItDoesNotKnow) {
  const auto vocabulary = Vocabulary::of_captions({"rain"});
  EXPECT_EQ(vocabulary.id("wind"), Vocabulary::kUnknown);
  EXPECT_EQ(vocabulary.id(""), Vocabulary::kUnknown);
}

TEST(Vocabulary, MayBeEmpty) {
  EXPECT_EQ(Vocabulary::of_captions({}).num_ids(), 3);
  EXPECT_EQ(Vocabulary::of_captions({"", "..."}).num_ids(), 3);
}

TEST(Vocabulary, RefusesWordsThatAreThereTwice) {
  EXPECT_THROW(Vocabulary({"a", "b", "a"}), FormatError);
  EXPECT_THROW(Vocabulary({""}), FormatError);
}

}  // namespace
}  // namespace kilonat::text
