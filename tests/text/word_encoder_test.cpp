#include "kilonat/text/word_encoder.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/module_weights.h"

namespace kilonat::text {
namespace {

const std::vector<std::string> kCaptions{
    "a dog barking", "a high bell ringing", "heavy rain on a roof", "a rooster"};

// float32 sums of about a hundred terms near 1, in another order: well below 1e-5.
constexpr double kRounding = 1e-5;

WordEncoder make_encoder(const WordEncoderOptions& options = {}, std::uint64_t seed = 1) {
  return WordEncoder(options, Vocabulary::of_captions(kCaptions), seed);
}

/// An encoder in evaluation mode.
WordEncoder still_encoder() {
  WordEncoder encoder = make_encoder();
  encoder.eval();
  return encoder;
}

double distance(WordEncoder& encoder, const std::string& a, const std::string& b) {
  const torch::NoGradGuard no_grad;
  const at::Tensor pooled = encoder.encode({a, b}).pooled_BD;
  return (pooled[0] - pooled[1]).norm().item<double>();
}

std::int64_t num_tokens(WordEncoder& encoder, const std::string& caption) {
  return encoder.encode({caption}).mask_BL.sum().item<std::int64_t>();
}

TEST(WordEncoder, GivesATokenForTheStartAndOneForEachWord) {
  WordEncoder encoder = still_encoder();
  const TextFeatures features = encoder.encode({"a dog barking", "rain"});
  EXPECT_EQ(features.tokens_BLD.sizes(), (std::vector<std::int64_t>{2, 4, 128}));
  const at::Tensor expected =
      torch::tensor({true, true, true, true, true, true, false, false}).view({2, 4});
  EXPECT_TRUE(at::equal(features.mask_BL, expected));
  EXPECT_EQ(features.tokens_BLD[1].narrow(0, 2, 2).abs().max().item<float>(), 0);
  EXPECT_TRUE(at::allclose(
      features.pooled_BD[1], features.tokens_BLD[1].narrow(0, 0, 2).mean(0), 0, kRounding));
}

TEST(WordEncoder, IsSmall) {
  WordEncoder encoder = make_encoder();
  std::int64_t count = 0;
  for (const at::Tensor& parameter : encoder.parameters()) count += parameter.numel();
  EXPECT_LT(count, 1'000'000);
  EXPECT_EQ(encoder.width(), 128);
  EXPECT_TRUE(encoder.is_trained_jointly());
}

TEST(WordEncoder, GivesACaptionTheSameVectorsWhateverStandsBesideIt) {
  WordEncoder encoder = still_encoder();
  const TextFeatures alone = encoder.encode({"a dog"});
  const TextFeatures beside =
      encoder.encode({"heavy rain on a roof with wind and thunder", "a dog"});
  EXPECT_TRUE(
      at::allclose(alone.tokens_BLD[0], beside.tokens_BLD[1].narrow(0, 0, 3), 0, kRounding));
  EXPECT_TRUE(at::allclose(alone.pooled_BD[0], beside.pooled_BD[1], 0, kRounding));
}

TEST(WordEncoder, EncodesTheEmptyCaption) {
  WordEncoder encoder = still_encoder();
  for (const std::string caption : {"", "  ", "?!", "\xff"}) {
    const TextFeatures features = encoder.encode({caption});
    EXPECT_EQ(features.tokens_BLD.size(1), 1);
    EXPECT_TRUE(features.mask_BL.all().item<bool>());
    EXPECT_TRUE(features.pooled_BD.isfinite().all().item<bool>());
  }
  EXPECT_THROW((void)encoder.encode({}), ShapeError);
}

TEST(WordEncoder, OverlooksCapitalsAndPunctuation) {
  WordEncoder encoder = still_encoder();
  EXPECT_LT(distance(encoder, "A Dog, barking!", "a dog barking"), kRounding);
  EXPECT_GT(distance(encoder, "a dog barking", "barking a dog"), 1e-3);
}

TEST(WordEncoder, PutsAnUnseenWordNearThoseItResembles) {
  WordEncoder encoder = still_encoder();
  ASSERT_EQ(encoder.vocabulary().id("ringings"), Vocabulary::kUnknown);
  ASSERT_EQ(encoder.vocabulary().id("ringingly"), Vocabulary::kUnknown);
  const double near = distance(encoder, "ringings", "ringingly");
  EXPECT_LT(near, 0.8 * distance(encoder, "ringings", "squawkish"));
  EXPECT_GT(near, 0);
}

// Joint training is what the pieces are for: a word that no caption has is understood.
TEST(WordEncoder, LearnsWordsAndUnderstandsTheirUnseenForms) {
  WordEncoder encoder(
      {.width = 32, .layers = 1}, Vocabulary::of_captions({"barking dog", "ringing bell"}), 3);
  const at::Tensor target_B1 = torch::tensor({1.0F, -1.0F}).unsqueeze(1);
  const at::Tensor readout_D1 = torch::full({32, 1}, 0.1F);
  const SeedTree seed(5);
  constexpr double kStep = 0.05;
  for (std::uint64_t step = 0; step < 60; ++step) {
    encoder.set_seed(seed.child(step));
    const at::Tensor output_B1 =
        at::matmul(encoder.encode({"barking dog", "ringing bell"}).pooled_BD, readout_D1);
    (output_B1 - target_B1).square().mean().backward();
    const torch::NoGradGuard no_grad;
    for (at::Tensor& parameter : encoder.parameters()) {
      parameter.sub_(kStep * parameter.grad());
      parameter.mutable_grad().zero_();
    }
  }
  encoder.eval();
  const torch::NoGradGuard no_grad;
  const at::Tensor output =
      at::matmul(encoder.encode({"dog", "bell", "barked", "rings"}).pooled_BD, readout_D1)
          .flatten();
  EXPECT_GT(output[0].item<double>(), output[1].item<double>() + 0.5);
  EXPECT_GT(output[2].item<double>(), output[3].item<double>() + 0.1);
}

TEST(WordEncoder, CutsLongCaptions) {
  WordEncoder encoder = make_encoder({.max_words = 3});
  std::string caption;
  for (int i = 0; i < 1000; ++i) caption += "word ";
  EXPECT_EQ(num_tokens(encoder, caption), 4);
}

TEST(WordEncoder, LeavesWordsOutOnlyInTrainingAndWithASeed) {
  WordEncoder encoder = make_encoder({.word_drop = 1});
  EXPECT_EQ(num_tokens(encoder, "a dog barking"), 4);
  encoder.set_seed(SeedTree(7));
  EXPECT_EQ(num_tokens(encoder, "a dog barking"), 1);
  encoder.eval();
  EXPECT_EQ(num_tokens(encoder, "a dog barking"), 4);
}

TEST(WordEncoder, LeavesTheSameWordsOutForTheSameSeed) {
  WordEncoder encoder = make_encoder({.word_drop = 0.5});
  encoder.set_seed(SeedTree(7));
  const TextFeatures first = encoder.encode(kCaptions);
  const TextFeatures again = encoder.encode(kCaptions);
  EXPECT_TRUE(at::equal(first.tokens_BLD, again.tokens_BLD));
  encoder.set_seed(SeedTree(8));
  EXPECT_FALSE(at::equal(first.pooled_BD, encoder.encode(kCaptions).pooled_BD));
}

TEST(WordEncoder, LeavesOutTheShareThatIsAsked) {
  WordEncoder encoder = make_encoder({.word_drop = 0.1, .unknown_words = 0});
  const std::vector<std::string> captions(500, "a dog barking at rain");
  encoder.set_seed(SeedTree(7));
  const torch::NoGradGuard no_grad;
  const double kept = encoder.encode(captions).mask_BL.sum().item<double>() - 500;
  // Binomial with 2500 draws: standard deviation 15; five of them.
  EXPECT_NEAR(kept, 0.9 * 2500, 75);
}

TEST(WordEncoder, MakesWordsUnknownWithTheirPiecesKept) {
  WordEncoder encoder = make_encoder({.word_drop = 0, .unknown_words = 1});
  WordEncoder stranger({}, Vocabulary::of_captions({}), 1);
  const torch::NoGradGuard no_grad;
  auto weights = tensor::weights_of(encoder);
  weights["words.weight"] = weights["words.weight"].narrow(0, 0, 3);
  tensor::load_weights(stranger, weights, "a copy");
  encoder.set_seed(SeedTree(7));
  const TextFeatures features = encoder.encode({"a dog barking"});
  EXPECT_TRUE(at::allclose(
      features.tokens_BLD, stranger.encode({"a dog barking"}).tokens_BLD, 0, kRounding));
}

TEST(WordEncoder, SendsGradientsToEveryParameter) {
  WordEncoder encoder = make_encoder();
  encoder.encode(kCaptions).tokens_BLD.square().mean().backward();
  for (const auto& item : encoder.named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_GT(item.value().grad().abs().max().item<double>(), 0) << item.key();
  }
}

TEST(WordEncoder, StartsTheSameFromTheSameSeed) {
  WordEncoder first = make_encoder({}, 4);
  WordEncoder second = make_encoder({}, 4);
  EXPECT_TRUE(at::equal(first.encode(kCaptions).tokens_BLD, second.encode(kCaptions).tokens_BLD));
}

TEST(WordEncoder, IsMadeAgainFromItsDescriptionAndWeights) {
  WordEncoder encoder({.width = 24, .layers = 1, .heads = 3, .trigram_buckets = 50},
                      Vocabulary::of_captions({"a d\u00fcnner \"Ton\"", "a bell"}),
                      9);
  const auto again = word_encoder_of(encoder.description());
  tensor::load_weights(*again, tensor::weights_of(encoder), "a copy");
  EXPECT_EQ(again->vocabulary().words(), encoder.vocabulary().words());
  encoder.eval();
  again->eval();
  const std::vector<std::string> captions{"a d\u00fcnner bell", "", "unheard"};
  EXPECT_TRUE(at::equal(encoder.encode(captions).tokens_BLD, again->encode(captions).tokens_BLD));
}

TEST(WordEncoder, RefusesDamagedDescriptions) {
  for (const std::string text : {"",
                                 "{",
                                 "[]",
                                 "{}",
                                 R"({"options": 3, "vocabulary": []})",
                                 R"({"options": "width = 0", "vocabulary": []})",
                                 R"({"options": "width = 10\nheads = 4", "vocabulary": []})",
                                 R"({"options": "", "vocabulary": [3]})",
                                 R"({"options": "", "vocabulary": ["a", "a"]})"}) {
    EXPECT_THROW((void)word_encoder_of(text), FormatError) << text;
  }
}

TEST(WordEncoder, RefusesHeadsThatDoNotDivideItsWidth) {
  EXPECT_THROW((void)make_encoder({.width = 130, .heads = 4}), ConfigError);
}

}  // namespace
}  // namespace kilonat::text
