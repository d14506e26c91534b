#include "kilonat/text/sentence_pieces.h"

#include "codec/scratch_folder.h"
#include "text/sentence_piece_model.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"

namespace kilonat::text {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SentencePiecesTest : public codec::ScratchFolderTest {
 protected:
  SentencePieces open(const std::string& bytes) const {
    return SentencePieces(write_bytes(folder_ / "spiece.model", bytes));
  }
};

TEST_F(SentencePiecesTest, CutsATextIntoItsLikeliestPieces) {
  const SentencePieces pieces = open(small_model());
  EXPECT_EQ(pieces.size(), kSmallModelSize);
  EXPECT_EQ(pieces.end_id(), 1);
  EXPECT_THAT(pieces.ids("a dog barks"), ElementsAre(3, 4, 5, 6));
}

TEST_F(SentencePiecesTest, CollapsesSpacesAndMakesUnknownRunsOneId) {
  const SentencePieces pieces = open(small_model());
  EXPECT_THAT(pieces.ids("  a   dog "), ElementsAre(3, 4));
  EXPECT_THAT(pieces.ids("a QQQ"), ElementsAre(3, 7, 2));
  EXPECT_THAT(pieces.ids(""), IsEmpty());
}

TEST_F(SentencePiecesTest, BearsWhateverBytesATextHolds) {
  const SentencePieces pieces = open(small_model());
  EXPECT_THAT(pieces.ids("a \xff\xfe\xc3"), ElementsAre(3, 7, 2));
  EXPECT_FALSE(pieces.ids(std::string("a\0dog", 5)).empty());
}

TEST_F(SentencePiecesTest, CanBeMoved) {
  SentencePieces first = open(small_model());
  const SentencePieces second = std::move(first);
  EXPECT_THAT(second.ids("a dog"), ElementsAre(3, 4));
}

TEST_F(SentencePiecesTest, RefusesFilesThatAreNoModel) {
  EXPECT_THROW((void)SentencePieces(folder_ / "none"), IoError);
  EXPECT_THROW((void)open(""), FormatError);
  EXPECT_THROW((void)open("not a model"), FormatError);
  EXPECT_THROW((void)open(std::string(1000, '\xff')), FormatError);
}

// A piece cut in two is damage. Cut between two pieces the rest is a model, so the end-of-text
// token and the table's size (T5Encoder) are what can be checked.
TEST_F(SentencePiecesTest, RefusesAModelThatEndsWithinAPiece) {
  const std::string model = small_model();
  EXPECT_THROW((void)open(model.substr(0, model.size() - 1)), FormatError);
  EXPECT_THROW((void)open(model.substr(0, 5)), FormatError);
}

TEST_F(SentencePiecesTest, ReplacesCharactersByTheModelsTable) {
  const SentencePieces pieces = open(small_model(settings_with(character_map())));
  EXPECT_THAT(pieces.ids("a dogx"), ElementsAre(3, 4, 6));
}

// libsentencepiece itself would follow any number of the table, out of it too.
TEST_F(SentencePiecesTest, RefusesOrBearsEveryDamageToTheTableOfCharacters) {
  const std::string whole = character_map();
  int num_refused = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    // The places that a walk visits, and a few that none does.
    if (whole[i] == 0 && i % 97 != 0 && i > 8) continue;
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string map = whole;
      map[i] = static_cast<char>(map[i] ^ flip);
      try {
        const SentencePieces pieces = open(small_model(settings_with(map)));
        EXPECT_FALSE(pieces.ids("a dog xx").empty());
      } catch (const FormatError&) {
        ++num_refused;
      }
    }
  }
  EXPECT_GT(num_refused, 10);
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{4}, std::size_t{400}, whole.size() - 1}) {
    EXPECT_THROW((void)open(small_model(settings_with(whole.substr(0, size)))), FormatError);
  }
}

TEST_F(SentencePiecesTest, RefusesAModelWithoutEndOfText) {
  const std::string model = piece("<pad>", 0, PieceKind::kControl) +
                            piece("<unk>", 0, PieceKind::kUnknown) +
                            piece("\u2581a", -1, PieceKind::kNormal) + settings();
  try {
    (void)open(model);
    FAIL() << "it was accepted";
  } catch (const FormatError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("no end-of-text token"));
  }
}

}  // namespace
}  // namespace kilonat::text
