/// T5's encoder and its tokenizer.

#include "parity/fixtures.h"
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/text/sentence_pieces.h"
#include "kilonat/text/t5_folder.h"

namespace kilonat::parity {
namespace {

// The fixtures' README.
constexpr double kTolerance = 1e-4;

text::T5Model load(const std::string& set) {
  return text::load_t5_model(fixture_path(set, ".weights.safetensors"),
                             fixture_path(set, ".config.json"));
}

TEST(T5Parity, ComputesAsTransformers) {
  KILONAT_FOR_EACH_FIXTURE(set, "t5_v") {
    SCOPED_TRACE(set);
    const torch::NoGradGuard no_grad;
    const auto io = fixture_file(set);
    text::T5Model model = load(set);
    const at::Tensor ids_BL = io.tensor("input_ids").to(torch::kLong);
    const at::Tensor mask_BL = io.tensor("attention_mask").to(torch::kBool);
    expect_close(model->forward(ids_BL, mask_BL),
                 io.tensor("last_hidden_state"),
                 kTolerance,
                 "last_hidden_state");
    expect_close(model->forward(ids_BL, {}),
                 io.tensor("last_hidden_state_nomask"),
                 kTolerance,
                 "last_hidden_state_nomask");
    expect_close(model->encoder->position_bias(ids_BL.size(1)),
                 io.tensor("position_bias"),
                 kTolerance,
                 "position_bias");
  }
}

TEST(T5Parity, SortsDistancesIntoTheBucketsOfTransformers) {
  KILONAT_FOR_EACH_FIXTURE(set, "t5_v") {
    SCOPED_TRACE(set);
    const text::T5StackOptions options = load(set)->options().stack;
    const at::Tensor expected = fixture_file(set).tensor("buckets_-200_200").to(torch::kLong);
    const at::Tensor distance = torch::arange(-200, 201, torch::kLong);
    expect_same(text::distance_buckets(distance, options.num_buckets, options.max_distance),
                expected,
                "buckets");
  }
}

// What no config says by itself: the weights alone make the same model.
TEST(T5Parity, FindsTheSizesFromTheWeights) {
  KILONAT_FOR_EACH_FIXTURE(set, "t5_v") {
    SCOPED_TRACE(set);
    const text::T5Options options =
        text::load_t5_model(fixture_path(set, ".weights.safetensors"), {})->options();
    const nlohmann::json config = fixture_config(set);
    const auto size = [&](const char* key) { return config.at(key).get<std::int64_t>(); };
    EXPECT_EQ(options.vocabulary_size, size("vocab_size"));
    EXPECT_EQ(options.stack.width, size("d_model"));
    EXPECT_EQ(options.stack.head_width, size("d_kv"));
    EXPECT_EQ(options.stack.ff_width, size("d_ff"));
    EXPECT_EQ(options.stack.num_layers, size("num_layers"));
    EXPECT_EQ(options.stack.num_heads, size("num_heads"));
    EXPECT_EQ(options.stack.num_buckets, size("relative_attention_num_buckets"));
    EXPECT_EQ(options.stack.is_gated,
              config.at("feed_forward_proj").get<std::string>() == "gated-gelu");
  }
}

TEST(SentencePieceParity, CutsTextsAsSentencePiece) {
  KILONAT_FOR_EACH_FIXTURE(set, "t5_sentencepiece", ".expected.json") {
    SCOPED_TRACE(set);
    const text::SentencePieces pieces(fixture_path(set, ".model"));
    std::ifstream file(fixture_path(set, ".expected.json"));
    const nlohmann::json expected = nlohmann::json::parse(file);
    EXPECT_EQ(pieces.size(), expected.at("vocab_size").get<std::int64_t>());
    EXPECT_EQ(pieces.end_id(), expected.at("eos_id").get<std::int64_t>());
    ASSERT_FALSE(expected.at("cases").empty());
    for (const nlohmann::json& one : expected.at("cases")) {
      const auto text = one.at("text").get<std::string>();
      SCOPED_TRACE(text);
      std::vector<std::int64_t> ids = pieces.ids(text);
      EXPECT_EQ(ids, one.at("ids").get<std::vector<std::int64_t>>());
      ids.push_back(pieces.end_id());
      EXPECT_EQ(ids, one.at("ids_t5").get<std::vector<std::int64_t>>());
    }
  }
}

}  // namespace
}  // namespace kilonat::parity
