#include "kilonat/metrics/sound_classifier.h"

#include <filesystem>
#include <fstream>
#include <numbers>

#include "base/temporary_folder.h"
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"
#include "kilonat/tensor/safetensors.h"

namespace kilonat::metrics {
namespace {

const std::vector<std::string> kClasses{"bell", "dog", "rain"};

SoundClassifier make(const ClassifierOptions& options = {.shortest_s = 1, .width = 4}) {
  SoundClassifier network(options, kClasses, tensor::make_generator(1));
  network->eval();
  return network;
}

torch::Tensor noise(std::int64_t num_samples, std::uint64_t seed = 1) {
  return 0.1 * torch::randn({num_samples}, tensor::make_generator(seed), torch::TensorOptions());
}

TEST(SoundClassifier, MeasuresAFullScaleSineAsNearOneInItsBand) {
  SoundClassifier network = make();
  const torch::Tensor sine = torch::sin(2 * std::numbers::pi * 1000 / 16000 * torch::arange(16000));
  const torch::Tensor powers = network->mel_powers(sine);
  const torch::Tensor middle = powers.select(1, powers.size(1) / 2);
  // A triangle's height at 1 kHz is at least one half, the window's scalloping at most 1.4 dB, and
  // the neighbouring bins add their share.
  EXPECT_GT(middle.max().item<float>(), 0.35);
  EXPECT_LT(middle.max().item<float>(), 1.5);
  EXPECT_LT(middle[60].item<float>(), 1e-5) << "nothing at 7 kHz";
}

TEST(SoundClassifier, LevelsEndAtTheFloor) {
  SoundClassifier network = make();
  const torch::Tensor levels = network->levels(torch::tensor({0.0F, 1e-12F, 1.0F}));
  EXPECT_NEAR(levels[0].item<float>(), 0, 1e-4);
  EXPECT_NEAR(levels[1].item<float>(), 0, 1e-3);
  EXPECT_NEAR(levels[2].item<float>(), 3.5, 1e-4);
}

TEST(SoundClassifier, GivesPosteriorsAndAnEmbeddingForClipsOfAnyLength) {
  SoundClassifier network = make();
  for (const std::int64_t length : {1, 4000, 16000, 100000}) {
    const ClipScores scores = network->score(noise(length));
    EXPECT_EQ(scores.embedding_D.size(0), 128);
    EXPECT_EQ(scores.log_posterior_K.size(0), 3);
    EXPECT_NEAR(scores.log_posterior_K.exp().sum().item<float>(), 1, 1e-5);
    EXPECT_GE(scores.embedding_D.min().item<float>(), 0);
  }
}

TEST(SoundClassifier, StaysBelowAMillionParametersAtItsLargest) {
  const ClassifierOptions largest{.num_mels = 256, .width = 48, .embedding_width = 256};
  EXPECT_LT(make(largest)->num_parameters(), 1'000'000);
}

TEST(SoundClassifier, DropsFeaturesOnlyWhereARandomSourceIsGiven) {
  SoundClassifier network = make();
  const torch::Tensor levels = network->levels(network->mel_powers(noise(16000))).unsqueeze(0);
  const torch::Tensor plain = network->forward(levels).logits_BK;
  EXPECT_TRUE(torch::equal(plain, network->forward(levels).logits_BK));
  EXPECT_FALSE(torch::equal(plain, network->forward(levels, tensor::make_generator(1)).logits_BK));
}

TEST(SoundClassifier, RefusesWhatDoesNotGoTogether) {
  EXPECT_THROW(make({.min_hz = 9000}), ConfigError);
  EXPECT_THROW(make({.shortest_s = 0.1}), ConfigError);
  EXPECT_THROW(SoundClassifier(
                   ClassifierOptions{}, std::vector<std::string>{"one"}, tensor::make_generator(0)),
               ConfigError);
}

class ClassifierFile : public ::testing::Test {
 protected:
  testing::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "classifier.safetensors";
};

TEST_F(ClassifierFile, KeepsWhatItSaysOfASound) {
  SoundClassifier network = make();
  save_classifier(path_, *network, {{"held_out_accuracy", "0.9"}});
  LoadedClassifier loaded = load_classifier(path_);
  EXPECT_EQ(loaded.network->classes(), kClasses);
  EXPECT_EQ(loaded.network->class_index("dog"), 1);
  EXPECT_EQ(loaded.network->class_index("cat"), -1);
  EXPECT_EQ(loaded.facts.at("held_out_accuracy"), "0.9");
  EXPECT_FALSE(loaded.network->is_training());
  EXPECT_TRUE(torch::equal(loaded.network->score(noise(20000)).log_posterior_K,
                           network->score(noise(20000)).log_posterior_K));
}

TEST_F(ClassifierFile, SaysWhatIsWrongWithAForeignOrDamagedOne) {
  const auto message = [&] {
    try {
      (void)load_classifier(path_);
    } catch (const FormatError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  tensor::save_safetensors(path_, {{"weight", torch::zeros({2})}});
  EXPECT_THAT(message(), ::testing::HasSubstr("not a classifier of kilonat train-classifier"));
  save_classifier(path_, *make(), {});
  auto tensors = tensor::SafetensorsFile(path_).tensors();
  const auto metadata = tensor::SafetensorsFile(path_).metadata();
  auto changed = tensors;
  changed["class_bias"] = torch::zeros({7});
  tensor::save_safetensors(path_, changed, metadata);
  EXPECT_THAT(message(), ::testing::HasSubstr("'class_bias' is [7], expected [3]"));
  changed = tensors;
  changed.erase("class_bias");
  tensor::save_safetensors(path_, changed, metadata);
  EXPECT_THAT(message(), ::testing::HasSubstr("'class_bias' is missing"));
  auto texts = metadata;
  texts["kilonat.classes"] = "[1, 2]";
  tensor::save_safetensors(path_, tensors, texts);
  EXPECT_THAT(message(), ::testing::HasSubstr("its classes are not a list"));
  texts = metadata;
  texts["kilonat.config"] = "width = \"wide\"";
  tensor::save_safetensors(path_, tensors, texts);
  EXPECT_THAT(message(), ::testing::HasSubstr("width"));
}

}  // namespace
}  // namespace kilonat::metrics
