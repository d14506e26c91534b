#include "kilonat/text/t5_encoder.h"

#include "codec/scratch_folder.h"
#include "text/t5_files.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::text {
namespace {

using testing::ElementsAre;

class T5EncoderTest : public codec::ScratchFolderTest {
 protected:
  SentencePieces pieces() const {
    return SentencePieces(write_bytes(folder_ / "spiece.model", small_model()));
  }
  T5Encoder encoder(std::uint64_t seed = 1) const {
    return T5Encoder(small_t5(small_t5_options(), seed), pieces());
  }
};

TEST_F(T5EncoderTest, EndsEveryCaptionWithTheEndOfText) {
  EXPECT_THAT(encoder().token_ids("a dog"), ElementsAre(3, 4, 1));
  EXPECT_THAT(encoder().token_ids(""), ElementsAre(1));
}

TEST_F(T5EncoderTest, CutsLongCaptionsBeforeTheEndOfText) {
  std::string caption;
  for (int i = 0; i < 500; ++i) caption += "a dog ";
  const auto ids = encoder().token_ids(caption);
  EXPECT_EQ(std::ssize(ids), T5Encoder::kMaxTokens);
  EXPECT_EQ(ids.back(), 1);
  EXPECT_EQ(ids[126], 3);
}

TEST_F(T5EncoderTest, GivesTheModelsVectorsPaddedWithZeros) {
  T5Encoder t5 = encoder();
  const TextFeatures features = t5.encode({"a dog barks", ""});
  EXPECT_EQ(features.tokens_BLD.sizes(), (std::vector<std::int64_t>{2, 5, 12}));
  const at::Tensor expected =
      small_t5()->forward(torch::tensor({{3, 4, 5, 6, 1}}, torch::kLong), {});
  EXPECT_TRUE(at::equal(features.tokens_BLD[0], expected[0]));
  EXPECT_EQ(features.tokens_BLD[1].narrow(0, 1, 4).abs().max().item<float>(), 0);
  EXPECT_EQ(features.mask_BL.sum().item<std::int64_t>(), 6);
  EXPECT_TRUE(at::equal(features.pooled_BD[1], features.tokens_BLD[1][0]));
  EXPECT_THROW((void)t5.encode({}), ShapeError);
}

TEST_F(T5EncoderTest, GivesACaptionTheSameBitsInEveryBatchAndEveryTime) {
  T5Encoder first = encoder();
  const at::Tensor alone = first.encode({"a dog"}).tokens_BLD[0];
  EXPECT_TRUE(at::equal(alone, first.encode({"a dog"}).tokens_BLD[0]));
  T5Encoder second = encoder();
  const TextFeatures beside = second.encode({"a dog barks a dog barks", "a dog"});
  EXPECT_TRUE(at::equal(alone, beside.tokens_BLD[1].narrow(0, 0, 3)));
}

TEST_F(T5EncoderTest, TakesNoGradient) {
  T5Encoder t5 = encoder();
  EXPECT_FALSE(t5.is_trained_jointly());
  EXPECT_FALSE(t5.encode({"a dog"}).tokens_BLD.requires_grad());
  for (const at::Tensor& weight : t5.parameters()) EXPECT_FALSE(weight.requires_grad());
}

TEST_F(T5EncoderTest, IsKnownAgainByItsDescription) {
  EXPECT_EQ(encoder(1).description(), encoder(1).description());
  EXPECT_NE(encoder(1).description(), encoder(2).description());
}

TEST_F(T5EncoderTest, RefusesATokenizerWithMoreTokensThanTheTable) {
  T5Options options = small_t5_options();
  options.vocabulary_size = kSmallModelSize - 1;
  EXPECT_THROW(T5Encoder(small_t5(options), pieces()), FormatError);
}

TEST(T5Model, RefusesIdsThatTheTableLacks) {
  T5Model model = small_t5();
  EXPECT_THROW((void)model->forward(torch::tensor({{11}}, torch::kLong), {}), DataError);
  EXPECT_THROW((void)model->forward(torch::tensor({{-1}}, torch::kLong), {}), DataError);
}

}  // namespace
}  // namespace kilonat::text
