#include "kilonat/codec/import/import.h"

#include <fstream>
#include <regex>

#include "codec/scratch_folder.h"
#include "codec/torch_archive.h"
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/codec/weights.h"
#include "kilonat/tensor/safetensors.h"

namespace kilonat::codec {
namespace {

AutoencoderOptions dac() {
  AutoencoderOptions options;
  options.sample_rate_hz = 24000;
  options.encoder_channels = 3;
  options.encoder_strides = {2, 5};
  options.encoder_out_channels = 7;
  options.decoder_channels = 16;
  options.decoder_strides = {5, 2};
  options.bottleneck = {.kind = "rvq", .num_codebooks = 3, .codebook_size = 8, .codebook_dim = 2};
  return options;
}

AutoencoderOptions oobleck() {
  AutoencoderOptions options;
  options.sample_rate_hz = 44100;
  options.num_channels = 2;
  options.snake = "log_alpha_beta";
  options.encoder_channels = 3;
  options.encoder_strides = {2, 3};
  options.encoder_channel_multiples = {1, 4};
  options.encoder_out_channels = 10;
  options.decoder_channels = 4;
  options.decoder_strides = {3, 2};
  options.decoder_channel_multiples = {1, 3};
  options.final_tanh = false;
  options.output_bias = false;
  options.bottleneck = {.kind = "gaussian", .latent_channels = 5, .projections = false};
  return options;
}

/// Weights unlike their start, so that nothing agrees by chance.
Autoencoder scrambled(const AutoencoderOptions& options) {
  Autoencoder model(options, 2);
  const torch::NoGradGuard no_grad;
  for (at::Tensor& parameter : model->parameters())
    parameter.add_(0.1 * torch::rand_like(parameter));
  model->eval();
  return model;
}

std::string replaced(const std::string& text, const std::string& pattern, const std::string& by) {
  return std::regex_replace(text, std::regex(pattern), by);
}

/// Our name in the layout of transformers and diffusers, for two blocks.
std::string huggingface_name(std::string name) {
  name = replaced(name, "^encoder\\.block\\.0\\.", "encoder.conv1.");
  name = replaced(name, "^encoder\\.block\\.3\\.", "encoder.snake1.");
  name = replaced(name, "^encoder\\.block\\.4\\.", "encoder.conv2.");
  name = replaced(name, "^decoder\\.model\\.0\\.", "decoder.conv1.");
  name = replaced(name, "^decoder\\.model\\.3\\.", "decoder.snake1.");
  name = replaced(name, "^decoder\\.model\\.4\\.", "decoder.conv2.");
  for (const int i : {1, 2}) {
    const std::string theirs = "block." + std::to_string(i - 1) + ".";
    const std::string block = std::to_string(i) + "\\.block\\.";
    for (const int unit : {1, 2, 3}) {
      const char* layers[] = {"snake1", "conv1", "snake2", "conv2"};
      for (int k = 0; k < 4; ++k) {
        const std::string inside = "res_unit" + std::to_string(unit) + "." + layers[k] + ".";
        const std::string tail = "\\.block\\." + std::to_string(k) + "\\.";
        name = replaced(name,
                        "^encoder\\.block\\." + block + std::to_string(unit - 1) + tail,
                        "encoder." + theirs + inside);
        name = replaced(name,
                        "^decoder\\.model\\." + block + std::to_string(unit + 1) + tail,
                        "decoder." + theirs + inside);
      }
    }
    name = replaced(name, "^encoder\\.block\\." + block + "3\\.", "encoder." + theirs + "snake1.");
    name = replaced(name, "^encoder\\.block\\." + block + "4\\.", "encoder." + theirs + "conv1.");
    name = replaced(name, "^decoder\\.model\\." + block + "0\\.", "decoder." + theirs + "snake1.");
    name = replaced(name, "^decoder\\.model\\." + block + "1\\.", "decoder." + theirs + "conv_t1.");
  }
  return name;
}

std::string stable_audio_name(std::string name) {
  name = replaced(name, "\\.block\\.", ".layers.");
  return replaced(name, "\\.model\\.", ".layers.");
}

tensor::TensorMap fused(const tensor::TensorMap& weights) {
  tensor::TensorMap result;
  for (const auto& [name, value] : weights) {
    if (name.ends_with("weight_v")) continue;
    if (!name.ends_with("weight_g")) {
      result[name] = value;
      continue;
    }
    const std::string stem = name.substr(0, name.size() - 8);
    result[stem + "weight"] = at::_weight_norm(weights.at(stem + "weight_v"), value, 0);
  }
  return result;
}

class ImportTest : public ScratchFolderTest {
 protected:
  template <class Rename>
  std::filesystem::path write(const tensor::TensorMap& weights,
                              const std::string& prefix,
                              Rename rename) const {
    tensor::TensorMap renamed{{"somewhere.else", torch::zeros({2})}};
    for (const auto& [name, value] : weights) renamed[prefix + rename(name)] = value;
    const auto path = folder_ / "foreign.safetensors";
    tensor::save_safetensors(path, renamed);
    return path;
  }

  static void expect_same_model(Autoencoder expected, Autoencoder actual) {
    const torch::NoGradGuard no_grad;
    const at::Tensor audio =
        torch::randn({1, expected->options().num_channels, 30 * expected->hop_length()});
    const Reconstruction a = expected->forward(audio, {});
    const Reconstruction b = actual->forward(audio, {});
    ASSERT_EQ(a.audio_BCT.sizes(), b.audio_BCT.sizes());
    // Fusing and splitting the weight norm rounds.
    EXPECT_LT((a.audio_BCT - b.audio_BCT).abs().max().item<double>(), 1e-4);
  }
};

std::string unchanged(const std::string& name) {
  return name;
}

TEST_F(ImportTest, ReadsDacInItsOwnStyle) {
  Autoencoder model = scrambled(dac());
  const auto imported = import_checkpoint(write(weights_of(*model), "state_dict.", unchanged),
                                          {.family = "dac", .sample_rate_hz = 24000});
  EXPECT_EQ(imported.key_style, "dac");
  EXPECT_EQ(imported.prefix, "state_dict.");
  EXPECT_EQ(imported.model->options().bottleneck.num_codebooks, 3);
  expect_same_model(model, imported.model);
}

TEST_F(ImportTest, ReadsDacInTheStyleOfTransformers) {
  Autoencoder model = scrambled(dac());
  const auto imported = import_checkpoint(write(fused(weights_of(*model)), "", huggingface_name),
                                          {.sample_rate_hz = 24000});
  EXPECT_EQ(imported.family, "dac");
  EXPECT_EQ(imported.key_style, "transformers");
  expect_same_model(model, imported.model);
}

TEST_F(ImportTest, ReadsOobleckInTheStyleOfDiffusers) {
  Autoencoder model = scrambled(oobleck());
  const auto imported = import_checkpoint(write(weights_of(*model), "", huggingface_name),
                                          {.family = "oobleck", .sample_rate_hz = 44100});
  EXPECT_EQ(imported.key_style, "diffusers");
  EXPECT_FALSE(imported.model->options().final_tanh);
  expect_same_model(model, imported.model);
}

TEST_F(ImportTest, FindsOobleckInsideAFullStableAudioFile) {
  Autoencoder model = scrambled(oobleck());
  for (const std::string prefix : {"pretransform.model.", "autoencoder.", ""}) {
    const auto imported = import_checkpoint(write(weights_of(*model), prefix, stable_audio_name),
                                            {.family = "oobleck", .sample_rate_hz = 44100});
    EXPECT_EQ(imported.key_style, "sat");
    EXPECT_EQ(imported.prefix, prefix);
    expect_same_model(model, imported.model);
  }
}

TEST_F(ImportTest, ReadsOobleckWithoutSnakeFromStableAudioToolsAlone) {
  AutoencoderOptions options = oobleck();
  options.snake = "elu";
  Autoencoder model = scrambled(options);
  const auto imported = import_checkpoint(write(weights_of(*model), "", stable_audio_name),
                                          {.sample_rate_hz = 44100});
  EXPECT_EQ(imported.model->options().snake, "elu");
  expect_same_model(model, imported.model);
  // DAC always has Snake: without its parameters a file is broken, not another kind.
  const auto broken = write(weights_of(*model), "", unchanged);
  EXPECT_THROW((void)import_checkpoint(broken, {.sample_rate_hz = 44100}), FormatError);
}

TEST_F(ImportTest, PrefersTheMovingAverage) {
  Autoencoder average = scrambled(oobleck());
  tensor::TensorMap both;
  for (const auto& [name, value] : weights_of(*average)) {
    both["autoencoder_ema.ema_model." + stable_audio_name(name)] = value;
    both["autoencoder." + stable_audio_name(name)] = torch::zeros_like(value);
  }
  const auto imported =
      import_checkpoint(write(both, "state_dict.", unchanged), {.sample_rate_hz = 44100});
  EXPECT_EQ(imported.prefix, "state_dict.autoencoder_ema.ema_model.");
  expect_same_model(average, imported.model);
}

TEST_F(ImportTest, ReadsATorchCheckpointWithItsOwnConfig) {
  Autoencoder model = scrambled(dac());
  ZipMembers members;
  std::string state;
  for (const auto& [name, value] : weights_of(*model)) {
    const std::string key = std::to_string(members.size());
    const at::Tensor data = value.contiguous();
    members.emplace_back("weights/data/" + key,
                         std::string(static_cast<const char*>(data.data_ptr()), data.nbytes()));
    std::string shape;
    std::string strides;
    for (std::int64_t i = 0; i < data.dim(); ++i) {
      shape += pickle::integer(static_cast<std::int32_t>(data.size(i)));
      strides += pickle::integer(static_cast<std::int32_t>(data.stride(i)));
    }
    const auto count = static_cast<std::int32_t>(data.numel());
    state += pickle::text(name) +
             pickle::tensor(pickle::storage("FloatStorage", key, count), 0, shape, strides);
  }
  using pickle::dict;
  using pickle::integer;
  using pickle::text;
  const std::string kwargs =
      dict(text("sample_rate") + integer(24000) + text("n_codebooks") + integer(3));
  const std::string root =
      dict(text("state_dict") + dict(state) + text("metadata") + dict(text("kwargs") + kwargs));
  members.emplace_back("weights/data.pkl", pickle::kStart + root + pickle::kStop);
  const auto path = folder_ / "weights.pth";
  std::ofstream(path, std::ios::binary) << zip_archive(members);
  const auto imported = import_checkpoint(path, {.family = "dac"});
  EXPECT_EQ(imported.model->options().sample_rate_hz, 24000);
  expect_same_model(model, imported.model);
}

TEST_F(ImportTest, ReadsHalfPrecision) {
  Autoencoder model = scrambled(dac());
  tensor::TensorMap half;
  for (const auto& [name, value] : weights_of(*model)) half[name] = value.to(torch::kFloat16);
  const auto imported = import_checkpoint(write(half, "", unchanged), {.sample_rate_hz = 24000});
  EXPECT_EQ(imported.model->parameters().front().scalar_type(), torch::kFloat32);
}

TEST_F(ImportTest, ReadsTheConfigBesideTheWeights) {
  const auto path = write(weights_of(*scrambled(oobleck())), "", stable_audio_name);
  std::ofstream(folder_ / "config.json") << "[]";  // somebody else's
  std::ofstream(folder_ / "model_config.json")
      << R"({"sample_rate": 32000, "model": {"encoder": {"config": {"strides": [2, 3]}},
             "decoder": {"config": {"strides": [2, 3], "final_tanh": true}}}})";
  const auto imported = import_checkpoint(path);
  EXPECT_EQ(imported.model->options().sample_rate_hz, 32000);
  EXPECT_TRUE(imported.model->options().final_tanh);
}

TEST_F(ImportTest, NamesWhatDiffers) {
  const auto refusal = [&](const std::filesystem::path& path, const ImportOptions& how) {
    try {
      (void)import_checkpoint(path, how);
    } catch (const Error& error) {
      const std::string text = error.what();
      EXPECT_EQ(text.find('\n'), std::string::npos) << text;
      return text;
    }
    return std::string();
  };
  const tensor::TensorMap weights = weights_of(*scrambled(dac()));
  auto path = write(weights, "", unchanged);
  EXPECT_NE(refusal(path, {}).find("sample rate"), std::string::npos);
  EXPECT_NE(refusal(path, {.family = "oobleck", .sample_rate_hz = 1}).find("family dac"),
            std::string::npos);
  EXPECT_NE(refusal(path, {.family = "mp3", .sample_rate_hz = 1}).find("'mp3'"), std::string::npos);
  const auto config = folder_ / "other.json";
  std::ofstream(config) << R"({"sample_rate": 24000, "encoder_rates": [2, 4]})";
  EXPECT_NE(refusal(path, {.config = config}).find("[2, 4], its weights have [2, 5]"),
            std::string::npos);
  std::ofstream(config) << "no json";
  EXPECT_NE(refusal(path, {.config = config}), "");
  auto fewer = weights;
  fewer.erase("decoder.model.1.block.2.block.0.alpha");
  path = write(fewer, "", unchanged);
  EXPECT_NE(refusal(path, {.sample_rate_hz = 1}).find("decoder.model.1.block.2.block.0.alpha"),
            std::string::npos);
  path = write({{"unet.weight", torch::zeros({2})}}, "", unchanged);
  EXPECT_NE(refusal(path, {}).find("there is no"), std::string::npos);
}

}  // namespace
}  // namespace kilonat::codec
