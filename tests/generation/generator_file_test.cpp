#include <fstream>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "generation/small_generator.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/generation/generator.h"
#include "kilonat/generation/sounds.h"

namespace kilonat::generation {
namespace {

using ::testing::HasSubstr;

class GeneratorFile : public ::testing::Test {
 protected:
  GeneratorFile() : model_(small_generator()), codec_(small_decoder()) {
    codec::save_model(folder_ / "codec.safetensors", *codec_, {.rate_kbps = 4.5});
    GeneratorMetadata metadata{.training_steps = 12, .score = 0.25, .typical_duration_s = 1.5};
    metadata.latents.codec = "runs/codec";
    metadata.latents.measured_kbps = 4.25;
    save_generator(folder_ / "model.safetensors",
                   *model_,
                   tensor::weights_of(*model_),
                   codec::read_stored_model(folder_ / "codec.safetensors"),
                   metadata);
  }

  /// The file with one text of its metadata changed.
  std::filesystem::path changed(const std::string& key, const std::string& value) {
    const tensor::SafetensorsFile file(folder_ / "model.safetensors");
    tensor::Metadata metadata = file.metadata();
    metadata[key] = value;
    tensor::save_safetensors(folder_ / "changed.safetensors", file.tensors(), metadata);
    return folder_ / "changed.safetensors";
  }

  kilonat::testing::TemporaryFolder folder_;
  Generator model_;
  codec::Autoencoder codec_;
};

TEST_F(GeneratorFile, IsAllThatASoundNeeds) {
  std::filesystem::remove(folder_ / "codec.safetensors");
  LoadedGenerator loaded = load_generator(folder_.path());
  const std::vector<SoundRequest> requests{{.prompt = "a bell", .duration_s = 0.1, .seed = 1}};
  const SoundOptions how{.sampler = {.num_steps = 3}};
  const auto before = generate_sounds(model_, codec_, requests, how);
  const auto after = generate_sounds(loaded.model, loaded.codec.model, requests, how);
  EXPECT_TRUE(torch::equal(before[0], after[0]));
}

TEST_F(GeneratorFile, SaysWhatItWasTrainedOn) {
  const LoadedGenerator loaded = load_generator(folder_ / "model.safetensors");
  EXPECT_EQ(loaded.metadata.training_steps, 12);
  EXPECT_EQ(loaded.metadata.score, 0.25);
  EXPECT_EQ(loaded.metadata.typical_duration_s, 1.5);
  EXPECT_EQ(loaded.metadata.latents.codec, "runs/codec");
  EXPECT_EQ(loaded.metadata.latents.measured_kbps, 4.25);
  EXPECT_EQ(loaded.codec.metadata.rate_kbps, 4.5);
  EXPECT_FALSE(loaded.model->is_training());
}

TEST_F(GeneratorFile, IsDescribedWithoutItsWeights) {
  const GeneratorDescription found = describe_generator(folder_.path());
  std::int64_t count = 0;
  for (const auto& parameter : model_->parameters()) count += parameter.numel();
  EXPECT_EQ(found.num_parameters, count);
  EXPECT_EQ(found.options.transformer.width, 32);
}

TEST_F(GeneratorFile, IsToldFromACodec) {
  EXPECT_TRUE(is_generator(folder_.path()));
  EXPECT_FALSE(is_generator(folder_ / "codec.safetensors"));
  EXPECT_THAT(kilonat::testing::message_of<FormatError>(
                  [&] { (void)load_generator(folder_ / "codec.safetensors"); }),
              HasSubstr("it is not a generator"));
  EXPECT_THAT(kilonat::testing::message_of<FormatError>(
                  [&] { (void)codec::load_model(folder_ / "model.safetensors"); }),
              HasSubstr("not a Kilonat model"));
}

TEST_F(GeneratorFile, RefusesWhatItCannotRead) {
  EXPECT_THAT(kilonat::testing::message_of<FormatError>(
                  [&] { (void)load_generator(changed("kilonat.generator", "9")); }),
              HasSubstr("generator format 9"));
  EXPECT_THROW((void)load_generator(changed("kilonat.generator.config", "x = 1")), FormatError);
  EXPECT_THROW((void)load_generator(changed("kilonat.generator.figures", "{}")), FormatError);
  EXPECT_THROW((void)load_generator(changed("kilonat.generator.text", "{}")), FormatError);
  EXPECT_THROW(
      (void)load_generator(changed("kilonat.generator.config", "[transformer]\nsize = \"tiny\"\n")),
      FormatError);
}

}  // namespace
}  // namespace kilonat::generation
