#include "kilonat/train/generator_trainer.h"

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "generation/small_generator.h"
#include "text/t5_files.h"
#include "train/small_codec.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"
#include "kilonat/generation/sounds.h"
#include "kilonat/train/latent_encoding.h"

namespace kilonat::train {
namespace {

using ::testing::HasSubstr;

class TrainGenerator : public ::testing::Test {
 protected:
  TrainGenerator() {
    codec::Autoencoder model(kilonat::testing::small_codec(), 3);
    codec::save_model(folder_ / "codec.safetensors", *model, {});
    encode_latents(
        codec::load_model(folder_ / "codec.safetensors"),
        folder_ / "codec.safetensors",
        {.sources = {"procedural:bell,clips=12,seconds=1.5"}, .variants = 1, .max_s = 0.2},
        folder_ / "set");
    request_.options.generator = generation::small_options();
    request_.options.generator.latent.min_nats =
        0;  // the codec is untrained: its latents say little
    request_.options.batches.latents = (folder_ / "set").string();
    request_.options.batches.batch_size = 2;
    request_.options.run.steps = 3;
    request_.options.run.num_samples = 1;
    request_.run_folder = folder_ / "run";
  }

  kilonat::testing::TemporaryFolder folder_;
  GeneratorRequest request_;
};

TEST_F(TrainGenerator, GivesAGeneratorThatMakesSounds) {
  const GeneratorResult result = train_generator(request_, nullptr);
  EXPECT_EQ(result.steps, 3);
  EXPECT_TRUE(result.score.has_value());
  generation::LoadedGenerator loaded = generation::load_generator(result.model);
  EXPECT_DOUBLE_EQ(loaded.metadata.typical_duration_s, 0.2);
  const std::vector<generation::SoundRequest> requests{{.prompt = "a bell", .duration_s = 0.1}};
  EXPECT_EQ(generation::generate_sounds(loaded.model, loaded.codec.model, requests, {})[0].size(1),
            800);
}

TEST_F(TrainGenerator, LeavesAT5InItsFolder) {
  std::filesystem::create_directories(folder_ / "t5");
  text::write_t5_folder(folder_ / "t5", text::official_weights(text::small_t5()));
  request_.options.text.t5_folder = (folder_ / "t5").string();
  const GeneratorResult result = train_generator(request_, nullptr);
  EXPECT_THAT(kilonat::testing::message_of<ConfigError>(
                  [&] { (void)generation::load_generator(result.model); }),
              HasSubstr("T5"));
  const auto loaded = generation::load_generator(result.model, folder_ / "t5");
  EXPECT_FALSE(loaded.model->text().is_trained_jointly());
  for (const auto& parameter : loaded.model->named_parameters()) {
    EXPECT_THAT(parameter.key(), ::testing::StartsWith("transformer."));
  }
}

TEST_F(TrainGenerator, LeavesNothingBehindWithoutTrainingClips) {
  request_.options.batches.split = "test";
  EXPECT_THROW(train_generator(request_, nullptr), DataError);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
}

}  // namespace
}  // namespace kilonat::train
