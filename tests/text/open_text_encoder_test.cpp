#include "kilonat/text/open_text_encoder.h"

#include "codec/scratch_folder.h"
#include "text/t5_files.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/text/t5_folder.h"
#include "kilonat/text/word_encoder.h"

namespace kilonat::text {
namespace {

class OpenTextEncoderTest : public codec::ScratchFolderTest {};

TEST_F(OpenTextEncoderTest, MakesAWordEncoder) {
  WordEncoder encoder({.width = 16}, Vocabulary::of_captions({"a bell"}), 1);
  const auto again = open_text_encoder(encoder.description(), {});
  EXPECT_EQ(again->description(), encoder.description());
  EXPECT_EQ(again->width(), 16);
  tensor::load_weights(*again, tensor::weights_of(encoder), "a copy");
  EXPECT_TRUE(at::equal(again->encode({"a bell"}).pooled_BD, encoder.encode({"a bell"}).pooled_BD));
}

TEST_F(OpenTextEncoderTest, OpensTheT5OfTheDescription) {
  write_t5_folder(folder_, official_weights(small_t5()));
  const std::string description = load_t5(folder_)->description();
  EXPECT_EQ(open_text_encoder(description, folder_)->width(), 12);
  EXPECT_THROW((void)open_text_encoder(description, {}), ConfigError);
  write_t5_folder(folder_, official_weights(small_t5(small_t5_options(), /*seed=*/2)));
  EXPECT_THROW((void)open_text_encoder(description, folder_), ConfigError);
}

TEST_F(OpenTextEncoderTest, RefusesWhatIsNoDescription) {
  for (const std::string text : {"", "[]", "{}", R"({"kind": 3})", R"({"kind": "clap"})"}) {
    EXPECT_THROW((void)open_text_encoder(text, {}), FormatError) << text;
  }
}

}  // namespace
}  // namespace kilonat::text
