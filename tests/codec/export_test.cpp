#include "kilonat/codec/export/export.h"

#include "codec/scratch_folder.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/codec/import/import.h"

namespace kilonat::codec {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// What all three formats share.
AutoencoderOptions small() {
  AutoencoderOptions options;
  options.sample_rate_hz = 24000;
  options.encoder_channels = 6;
  options.encoder_strides = {2, 4};
  options.decoder_strides = {4, 2};
  return options;
}

AutoencoderOptions dac() {
  AutoencoderOptions options = small();
  options.decoder_channels = 16;
  options.bottleneck = {.kind = "rvq", .num_codebooks = 3, .codebook_size = 8, .codebook_dim = 2};
  return options;
}

AutoencoderOptions oobleck() {
  AutoencoderOptions options = small();
  options.num_channels = 2;
  options.snake = "log_alpha_beta";
  options.encoder_channel_multiples = {1, 3};
  options.encoder_out_channels = 6;
  options.decoder_channels = 5;
  options.decoder_channel_multiples = {1, 3};
  options.final_tanh = false;
  options.output_bias = false;
  options.bottleneck = {.kind = "gaussian", .latent_channels = 3, .projections = false};
  return options;
}

/// Weights unlike their start, so that nothing agrees by chance.
Autoencoder scrambled(const AutoencoderOptions& options) {
  Autoencoder model(options, 2);
  const torch::NoGradGuard no_grad;
  for (at::Tensor& parameter : model->parameters()) {
    parameter.add_(0.1 * torch::rand_like(parameter));
  }
  model->eval();
  return model;
}

class ExportTest : public ScratchFolderTest {
 protected:
  /// Out, and in again.
  ImportedModel there_and_back(const Autoencoder& model, const std::string& format) const {
    const ExportedModel exported = export_model(*model, format);
    write_exported(exported, folder_ / "out");
    return import_checkpoint(folder_ / "out" / exported.weights_file);
  }

  static void expect_same_model(Autoencoder expected, Autoencoder actual) {
    const torch::NoGradGuard no_grad;
    const at::Tensor audio =
        torch::randn({1, expected->options().num_channels, 30 * expected->hop_length()});
    const at::Tensor difference =
        expected->forward(audio, {}).audio_BCT - actual->forward(audio, {}).audio_BCT;
    // Fusing and splitting the weight norm rounds.
    EXPECT_LT(difference.abs().max().item<double>(), 1e-4);
  }
};

TEST_F(ExportTest, WritesOobleckForDiffusers) {
  const Autoencoder model = scrambled(oobleck());
  const ImportedModel back = there_and_back(model, "diffusers");
  EXPECT_EQ(back.key_style, "diffusers");
  EXPECT_EQ(back.model->options().sample_rate_hz, 24000);
  EXPECT_FALSE(back.model->options().final_tanh);
  expect_same_model(model, back.model);
  const auto config = nlohmann::json::parse(read_text(folder_ / "out" / "config.json"));
  EXPECT_EQ(config, nlohmann::json::parse(R"({
    "_class_name": "AutoencoderOobleck", "audio_channels": 2, "channel_multiples": [1, 3],
    "decoder_channels": 5, "decoder_input_channels": 3, "downsampling_ratios": [2, 4],
    "encoder_hidden_size": 6, "sampling_rate": 24000})"));
}

TEST_F(ExportTest, FindsTheMultiplesOfAnOobleckThatDoubles) {
  AutoencoderOptions options = oobleck();
  options.encoder_channel_multiples = {2, 4};
  options.decoder_channel_multiples = {2, 4};
  const ImportedModel imported = there_and_back(scrambled(options), "diffusers");
  EXPECT_TRUE(
      imported.model->options().decoder_channel_multiples.empty());  // as the importer has it
  const ExportedModel again = export_model(*imported.model, "diffusers");
  EXPECT_EQ(again.configs.at("config.json"),
            export_model(*scrambled(options), "diffusers").configs.at("config.json"));
}

TEST_F(ExportTest, WritesOobleckForStableAudioTools) {
  for (const char* snake : {"log_alpha_beta", "elu"}) {
    AutoencoderOptions options = oobleck();
    options.snake = snake;
    options.final_tanh = true;     // what diffusers cannot have
    options.encoder_channels = 7;  // likewise
    options.decoder_channel_multiples = {2, 3};
    const Autoencoder model = scrambled(options);
    const ImportedModel back = there_and_back(model, "stable-audio-tools");
    EXPECT_EQ(back.key_style, "sat");
    EXPECT_EQ(back.model->options().snake, snake);
    EXPECT_TRUE(back.model->options().final_tanh);
    expect_same_model(model, back.model);
    const auto config = nlohmann::json::parse(read_text(folder_ / "out" / "model_config.json"));
    EXPECT_EQ(config["model"]["encoder"]["config"],
              (nlohmann::json{{"in_channels", 2},
                              {"channels", 7},
                              {"c_mults", {1, 3}},
                              {"strides", {2, 4}},
                              {"latent_dim", 6},
                              {"use_snake", options.snake != "elu"}}));
    EXPECT_EQ(config["model"]["decoder"]["config"],
              (nlohmann::json{{"out_channels", 2},
                              {"channels", 5},
                              {"c_mults", {2, 3}},
                              {"strides", {2, 4}},
                              {"latent_dim", 3},
                              {"use_snake", options.snake != "elu"},
                              {"final_tanh", true}}));
    std::filesystem::remove_all(folder_ / "out");
  }
}

TEST_F(ExportTest, WritesDacForTransformers) {
  const Autoencoder model = scrambled(dac());
  const ImportedModel back = there_and_back(model, "transformers");
  EXPECT_EQ(back.key_style, "transformers");
  EXPECT_EQ(back.model->options().sample_rate_hz, 24000);
  expect_same_model(model, back.model);
  const tensor::SafetensorsFile file(folder_ / "out" / "model.safetensors");
  EXPECT_EQ(file.metadata().at("format"), "pt");  // from_pretrained refuses a file without
  EXPECT_FALSE(file.contains("encoder.conv1.weight_g"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "out" / "preprocessor_config.json"));
  const auto config = nlohmann::json::parse(read_text(folder_ / "out" / "config.json"));
  EXPECT_EQ(config, nlohmann::json::parse(R"({
    "model_type": "dac", "architectures": ["DacModel"], "encoder_hidden_size": 6,
    "downsampling_ratios": [2, 4], "decoder_hidden_size": 16, "upsampling_ratios": [4, 2],
    "hidden_size": 24, "hop_length": 8, "n_codebooks": 3, "codebook_size": 8, "codebook_dim": 2,
    "quantizer_dropout": 0.5, "sampling_rate": 24000})"));
}

std::string refusal(const AutoencoderOptions& options, const std::string& format) {
  try {
    (void)export_model(*Autoencoder(options, 1), format);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST_F(ExportTest, SaysAllThatAFormatCannotExpress) {
  EXPECT_EQ(refusal(oobleck(), "diffusers"), "");
  AutoencoderOptions options = oobleck();
  options.output_gate = 0.01;
  options.encoder_channels = 8;
  EXPECT_THAT(refusal(options, "diffusers"),
              AllOf(HasSubstr("output_gate"), HasSubstr("6 channels"), Not(HasSubstr("tanh"))));
  EXPECT_THAT(refusal(oobleck(), "transformers"),
              AllOf(HasSubstr("rvq"), HasSubstr("more than one channel")));
  EXPECT_THAT(refusal(dac(), "stable-audio-tools"),
              AllOf(HasSubstr("bottleneck"), HasSubstr("bias")));
  options = dac();
  options.bottleneck.codebook_size = 9;
  EXPECT_THAT(refusal(options, "transformers"), HasSubstr("power of two"));
  EXPECT_THAT(refusal(dac(), "onnx"), HasSubstr("diffusers, stable-audio-tools, transformers"));
}

TEST_F(ExportTest, RefusesOddStridesUnlessTheLengthsAreTheOfficialOnes) {
  AutoencoderOptions options = dac();
  options.encoder_strides = {2, 5};
  options.decoder_strides = {5, 2};
  EXPECT_THAT(refusal(options, "transformers"), HasSubstr("match_official"));
  options.match_official = true;
  EXPECT_EQ(refusal(options, "transformers"), "");
  options.decoder_strides = {2, 5};
  EXPECT_THAT(refusal(options, "transformers"), HasSubstr("backwards"));
}

}  // namespace
}  // namespace kilonat::codec
