// Every config that ships loads, can be trained, and has the size that its first lines name.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/codec/autoencoder.h"
#include "kilonat/config/schema.h"
#include "kilonat/diffusion/transformer.h"
#include "kilonat/train/codec_options.h"
#include "kilonat/train/generator_options.h"

namespace kilonat::train {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(KILONAT_SOURCE_DIR) / "conf" / "codec";
const fs::path kGeneratorFolder = fs::path(KILONAT_SOURCE_DIR) / "conf" / "diffusion";

CodecTrainOptions load(const std::string& name) {
  CodecTrainOptions options;
  config::load(kFolder / (name + ".toml"), {}, options);
  options.data.sources = {"procedural:all"};
  return options;
}

double millions_of_parameters(const CodecTrainOptions& options) {
  const codec::Autoencoder model(options.codec, 1);
  std::int64_t count = 0;
  for (const auto& parameter : model->parameters()) count += parameter.numel();
  return static_cast<double>(count) / 1e6;
}

TEST(Configs, AllLoadAndCanBeTrained) {
  std::size_t number = 0;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".toml") continue;
    const std::string name = entry.path().stem().string();
    EXPECT_NO_THROW(check(load(name))) << name;
    ++number;
  }
  EXPECT_GE(number, 6U);
}

TEST(Configs, HaveTheSizeOfTheirModels) {
  // The last three: facts computed from the official code (weight_g counted), see the file heads.
  const std::map<std::string, double> expected{{"tiny16", 2.05},
                                               {"small24", 10.6},
                                               {"dac44", 76.61},
                                               {"dacvae48", 93.0},
                                               {"oobleck44-stereo", 156.1}};
  for (const auto& [name, millions] : expected) {
    EXPECT_NEAR(millions_of_parameters(load(name)), millions, 0.06) << name;
  }
}

TEST(Configs, HaveTheFrameRateOfTheirModels) {
  const std::map<std::string, double> expected{{"tiny16", 50},
                                               {"demo", 50},
                                               {"small24", 75},
                                               {"dac44", 86.1328125},
                                               {"dacvae48", 25},
                                               {"oobleck44-stereo", 21.533203125}};
  for (const auto& [name, rate] : expected) {
    EXPECT_DOUBLE_EQ(codec::frame_rate_hz(load(name).codec), rate) << name;
  }
}

GeneratorTrainOptions load_generator(const fs::path& path) {
  GeneratorTrainOptions options;
  config::load(path, {}, options);
  options.batches.latents = "latents";
  return options;
}

TEST(GeneratorConfigs, AllLoadAndCanBeTrained) {
  std::size_t number = 0;
  for (const auto& entry : fs::directory_iterator(kGeneratorFolder)) {
    EXPECT_NO_THROW(check(load_generator(entry.path()))) << entry.path();
    ++number;
  }
  EXPECT_GE(number, 5U);
}

TEST(GeneratorConfigs, HaveTheSizeOfTheirModels) {
  const std::map<std::string, double> expected{
      {"micro", 1.31}, {"demo", 1.31}, {"tiny", 4.04}, {"small", 7.24}, {"s", 30}};
  for (const auto& [name, millions] : expected) {
    const GeneratorTrainOptions options = load_generator(kGeneratorFolder / (name + ".toml"));
    const diffusion::DiffusionTransformer model(options.generator.transformer);
    EXPECT_NEAR(static_cast<double>(model->num_parameters()) / 1e6, millions, 0.01 * millions)
        << name;
  }
}

}  // namespace
}  // namespace kilonat::train
