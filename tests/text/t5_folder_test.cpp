#include "kilonat/text/t5_folder.h"

#include "codec/scratch_folder.h"
#include "text/t5_files.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::text {
namespace {

using testing::HasSubstr;

const std::string kConfig =
    R"({"model_type": "t5", "d_model": 12, "d_kv": 5, "num_heads": 3, "num_layers": 2, "d_ff": 20,)"
    R"( "feed_forward_proj": "gated-gelu", "relative_attention_num_buckets": 32})";

class T5FolderTest : public codec::ScratchFolderTest {
 protected:
  /// What loading says if it throws an E; empty if it does not.
  template <class E = FormatError>
  std::string error_of_loading() const {
    try {
      (void)load_t5(folder_);
    } catch (const E& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      return error.what();
    }
    return "";
  }

  void expect_same_as(T5Model model) const {
    const auto loaded = load_t5(folder_);
    T5Encoder expected(model, SentencePieces(folder_ / "spiece.model"));
    EXPECT_EQ(loaded->description(), expected.description());
    EXPECT_TRUE(at::equal(loaded->encode({"a dog barks"}).tokens_BLD,
                          expected.encode({"a dog barks"}).tokens_BLD));
  }

  void expect_config_error(const std::string& pattern,
                           const std::string& by,
                           const std::string& says) const {
    std::string config = kConfig;
    const auto place = config.find(pattern);
    ASSERT_NE(place, std::string::npos);
    write_t5_folder(
        folder_, official_weights(small_t5()), config.replace(place, pattern.size(), by));
    EXPECT_THAT(error_of_loading(), HasSubstr(says));
  }
};

TEST_F(T5FolderTest, ReadsSafetensorsWithAndWithoutAConfig) {
  write_t5_folder(folder_, official_weights(small_t5()));
  expect_same_as(small_t5());
  write_bytes(folder_ / "config.json", kConfig);
  expect_same_as(small_t5());
}

TEST_F(T5FolderTest, ReadsTheUngatedForm) {
  T5Options options = small_t5_options();
  options.stack.is_gated = false;
  write_t5_folder(folder_, official_weights(small_t5(options)), R"({"model_type": "t5"})");
  expect_same_as(small_t5(options));
}

TEST_F(T5FolderTest, ReadsTheTableUnderEitherName) {
  for (const std::string absent : {"shared.weight", "encoder.embed_tokens.weight"}) {
    tensor::TensorMap weights = official_weights(small_t5());
    weights.erase(absent);
    write_t5_folder(folder_, weights);
    expect_same_as(small_t5());
  }
}

TEST_F(T5FolderTest, ReadsAFileOfTorchSave) {
  write_t5_folder(folder_, official_weights(small_t5()));
  std::filesystem::remove(folder_ / "model.safetensors");
  write_bytes(folder_ / "pytorch_model.bin", torch_archive(official_weights(small_t5())));
  expect_same_as(small_t5());
}

TEST_F(T5FolderTest, ReadsWeightsInSeveralParts) {
  write_t5_folder(folder_, official_weights(small_t5()));
  std::filesystem::remove(folder_ / "model.safetensors");
  tensor::TensorMap parts[2];
  std::string map;
  int count = 0;
  for (const auto& [name, value] : official_weights(small_t5())) {
    const int part = count++ % 2;
    parts[part][name] = value;
    map += (map.empty() ? "" : ", ") + ("\"" + name + "\": \"part-") + std::to_string(part) +
           ".safetensors\"";
  }
  tensor::save_safetensors(folder_ / "part-0.safetensors", parts[0]);
  tensor::save_safetensors(folder_ / "part-1.safetensors", parts[1]);
  write_bytes(folder_ / "model.safetensors.index.json", "{\"weight_map\": {" + map + "}}");
  expect_same_as(small_t5());

  std::filesystem::remove(folder_ / "part-1.safetensors");
  EXPECT_THAT(error_of_loading<IoError>(), HasSubstr("part-1.safetensors"));
  for (const std::string index : {R"({"weight_map": {"a": "../b"}})",
                                  R"({"weight_map": {"a": 3}})",
                                  R"({"weight_map": 3})",
                                  "[]",
                                  "{"}) {
    write_bytes(folder_ / "model.safetensors.index.json", index);
    EXPECT_THAT(error_of_loading(), HasSubstr("index.json")) << index;
  }
}

TEST_F(T5FolderTest, ReadsHalfPrecision) {
  tensor::TensorMap half;
  T5Model rounded = small_t5();
  const torch::NoGradGuard no_grad;
  for (at::Tensor& weight : rounded->parameters()) weight.copy_(weight.to(torch::kBFloat16));
  for (const auto& [name, value] : official_weights(small_t5())) {
    half[name] = value.to(torch::kBFloat16);
  }
  write_t5_folder(folder_, half);
  expect_same_as(rounded);
}

TEST_F(T5FolderTest, TakesFromTheConfigWhatNoShapeSays) {
  T5Options options = small_t5_options();
  options.stack.max_distance = 20;
  options.stack.epsilon = 0.1;
  write_t5_folder(folder_,
                  official_weights(small_t5()),
                  R"({"relative_attention_max_distance": 20, "layer_norm_epsilon": 0.1})");
  expect_same_as(small_t5(options));
  const T5Model model = load_t5_model(folder_ / "model.safetensors", folder_ / "config.json");
  EXPECT_EQ(model->options().stack.max_distance, 20);
}

TEST_F(T5FolderTest, SaysWhichFileIsMissing) {
  EXPECT_THAT(error_of_loading(), HasSubstr("it has no model.safetensors"));
  write_t5_folder(folder_, official_weights(small_t5()));
  std::filesystem::remove(folder_ / "spiece.model");
  EXPECT_THAT(error_of_loading(), HasSubstr("it has no spiece.model"));
  EXPECT_THROW((void)load_t5(folder_ / "none"), IoError);
  EXPECT_THROW((void)load_t5(folder_ / "model.safetensors"), IoError);
}

TEST_F(T5FolderTest, RefusesTruncatedFiles) {
  write_t5_folder(folder_, official_weights(small_t5()), kConfig);
  for (const std::string name : {"model.safetensors", "spiece.model", "config.json"}) {
    const std::string whole = read_text(folder_ / name);
    for (const std::size_t size : {std::size_t{0}, std::size_t{7}, whole.size() - 1}) {
      write_bytes(folder_ / name, whole.substr(0, size));
      EXPECT_THAT(error_of_loading(), HasSubstr(name)) << size;
    }
    write_bytes(folder_ / name, whole);
  }
  EXPECT_EQ(error_of_loading(), "");
}

TEST_F(T5FolderTest, SaysWhichWeightsAreMissingOrDoNotFit) {
  const auto error_with = [&](const std::string& name, const at::Tensor& value) {
    tensor::TensorMap weights = official_weights(small_t5());
    weights.erase(name);
    if (value.defined()) weights[name] = value;
    write_t5_folder(folder_, weights);
    return error_of_loading();
  };
  const std::string attention = "encoder.block.0.layer.0.SelfAttention.";
  EXPECT_THAT(error_with(attention + "q.weight", {}), HasSubstr("no tensor '" + attention + "q"));
  EXPECT_THAT(error_with(attention + "relative_attention_bias.weight", {}), HasSubstr("no tensor"));
  EXPECT_THAT(error_with(attention + "k.weight", {}), HasSubstr("k.weight' is missing"));
  EXPECT_THAT(error_with(attention + "q.weight", at::ones({15})), HasSubstr("expected a matrix"));
  EXPECT_THAT(error_with(attention + "q.weight", at::ones({16, 12})), HasSubstr("do not divide"));
  EXPECT_THAT(error_with(attention + "v.weight", at::ones({15, 11})), HasSubstr("is [15, 11]"));
  EXPECT_THAT(error_with("encoder.final_layer_norm.weight", at::full({12}, NAN)), HasSubstr("NaN"));
  EXPECT_THAT(error_with("encoder.extra.weight", at::ones({2})), HasSubstr("is not known"));
  EXPECT_THAT(error_with("encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight",
                         at::ones({32, 3})),
              HasSubstr("UMT5"));
  EXPECT_THAT(error_with(attention + "relative_attention_bias.weight", at::ones({3, 3})),
              HasSubstr("buckets"));
}

TEST_F(T5FolderTest, RefusesAConfigThatContradictsTheWeights) {
  expect_config_error(R"("d_model": 12)", R"("d_model": 13)", "'d_model' is 13");
  expect_config_error(R"("num_heads": 3)", R"("num_heads": 5)", "'num_heads' is 5");
  expect_config_error(R"("num_layers": 2)", R"("num_layers": "two")", "is no number");
  expect_config_error(R"("gated-gelu")", R"("relu")", "'feed_forward_proj' is 'relu'");
  expect_config_error(R"("gated-gelu")", R"("gated-silu")", "only 'gated-gelu' is known");
  expect_config_error(R"("model_type": "t5")", R"("model_type": "umt5")", "expected 't5'");
  expect_config_error(R"("d_kv": 5)", R"("relative_attention_max_distance": 2)", "do not fill");
  expect_config_error(
      R"("d_kv": 5)", R"("relative_attention_max_distance": 1e300)", "whole number");
  expect_config_error(R"("d_kv": 5)", R"("layer_norm_epsilon": -1)", "small positive");
}

}  // namespace
}  // namespace kilonat::text
