#include "kilonat/codec/model_file.h"

#include <fstream>

#include "codec/scratch_folder.h"
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/codec/weights.h"

namespace kilonat::codec {
namespace {

AutoencoderOptions tiny() {
  AutoencoderOptions options;
  options.sample_rate_hz = 16000;
  options.encoder_channels = 2;
  options.encoder_strides = {2, 3};
  options.decoder_channels = 8;
  options.decoder_strides = {3, 2};
  options.bottleneck.latent_channels = 3;
  return options;
}

class ModelFileTest : public ScratchFolderTest {
 protected:
  std::filesystem::path path() const { return folder_ / "model.safetensors"; }

  /// The written model's tensors and metadata, to be spoilt.
  std::pair<tensor::TensorMap, tensor::Metadata> parts() {
    save_model(path(), *Autoencoder(tiny(), 1), {});
    const tensor::SafetensorsFile file(path());
    return {file.tensors(), file.metadata()};
  }
  std::string refusal(const tensor::TensorMap& tensors, const tensor::Metadata& metadata) {
    tensor::save_safetensors(path(), tensors, metadata);
    try {
      (void)load_model(path());
    } catch (const FormatError& error) {
      const std::string text = error.what();
      EXPECT_EQ(text.find('\n'), std::string::npos) << text;
      return text;
    }
    return {};
  }
};

TEST_F(ModelFileTest, IsEnoughAlone) {
  Autoencoder model(tiny(), 4);
  model->eval();
  const ModelMetadata metadata{.target_kbps = 2,
                               .rate_kbps = 2.0123456789012345,
                               .training_steps = 1234,
                               .origin = "trained",
                               .aggregate_mean_D = torch::tensor({1.F, 2.F, 3.F}),
                               .aggregate_variance_D = torch::tensor({1.F, 0.5F, 2.F}),
                               .extra = {{"note", "a text"}}};
  save_model(path(), *model, metadata);
  // By its own name and by its folder's.
  for (const auto& from : {path(), folder_}) {
    LoadedModel loaded = load_model(from);
    EXPECT_FALSE(loaded.model->is_training());
    EXPECT_EQ(loaded.model->options().sample_rate_hz, 16000);
    EXPECT_EQ(loaded.metadata.target_kbps, 2);
    EXPECT_EQ(loaded.metadata.rate_kbps, metadata.rate_kbps);
    EXPECT_EQ(loaded.metadata.training_steps, 1234);
    EXPECT_EQ(loaded.metadata.origin, "trained");
    EXPECT_FALSE(loaded.metadata.version.empty());
    EXPECT_EQ(loaded.metadata.extra, metadata.extra);
    EXPECT_TRUE(at::equal(loaded.metadata.aggregate_variance_D, metadata.aggregate_variance_D));
    EXPECT_FALSE(loaded.metadata.nats_per_channel_D.defined());
    const torch::NoGradGuard no_grad;
    const at::Tensor audio = torch::randn({1, 1, 100});
    EXPECT_TRUE(
        at::equal(model->forward(audio, {}).audio_BCT, loaded.model->forward(audio, {}).audio_BCT));
  }
  EXPECT_EQ(describe_model(path()).metadata.training_steps, 1234);
}

TEST_F(ModelFileTest, KeepsOtherWeightsThanTheModelsOwn) {
  Autoencoder average(tiny(), 5);
  save_model(path(), tiny(), weights_of(*average), {});
  const LoadedModel loaded = load_model(path());
  for (const auto& [name, value] : weights_of(*average)) {
    EXPECT_TRUE(at::equal(weights_of(*loaded.model).at(name), value)) << name;
  }
}

TEST_F(ModelFileTest, NamesWhatDoesNotFit) {
  auto [tensors, metadata] = parts();
  EXPECT_EQ(refusal(tensors, metadata), "");
  auto fewer = tensors;
  fewer.erase("encoder.block.0.bias");
  EXPECT_NE(refusal(fewer, metadata).find("'encoder.block.0.bias' is missing"), std::string::npos);
  auto other = tensors;
  other["encoder.block.0.bias"] = torch::zeros({3});
  EXPECT_NE(refusal(other, metadata).find("'encoder.block.0.bias' is [3], expected [2]"),
            std::string::npos);
  auto more = tensors;
  more["encoder.block.99.bias"] = torch::zeros({3});
  EXPECT_NE(refusal(more, metadata).find("'encoder.block.99.bias' is not known"),
            std::string::npos);
  auto nan = tensors;
  nan["encoder.block.0.bias"] = torch::full({2}, NAN);
  EXPECT_NE(refusal(nan, metadata).find("NaN"), std::string::npos);
  auto statistics = tensors;
  statistics["stats.aggregate_mean"] = torch::zeros({4});
  EXPECT_NE(refusal(statistics, metadata).find("stats.aggregate_mean"), std::string::npos);
  auto halved = tensors;
  halved.erase("encoder.block.0.weight_g");
  EXPECT_NE(refusal(halved, metadata).find("encoder.block.0.weight_g"), std::string::npos);
}

TEST_F(ModelFileTest, RefusesForeignAndNewerFiles) {
  auto [tensors, metadata] = parts();
  EXPECT_NE(refusal(tensors, {}).find("not a Kilonat model"), std::string::npos);
  auto newer = metadata;
  newer["kilonat.format"] = "2";
  EXPECT_NE(refusal(tensors, newer).find("update kilonat"), std::string::npos);
  for (const char* text : {"", "x", "0", "-1", "1.5"}) {
    newer["kilonat.format"] = text;
    EXPECT_NE(refusal(tensors, newer), "") << text;
  }
  for (const char* text : {"",
                           "nonsense",
                           "encoder_strides = [2]",
                           "num_channels = 99",
                           "unknown_key = 1",
                           "sample_rate_hz = 'x'"}) {
    auto odd = metadata;
    odd["kilonat.config"] = text;
    EXPECT_NE(refusal(tensors, odd), "") << text;
  }
  // A config whose model would not fit into any memory is refused before it takes any.
  auto huge = metadata;
  huge["kilonat.config"] = "encoder_channels = 65536\nencoder_channel_multiples = [1, 1, 1, 1]";
  EXPECT_NE(refusal(tensors, huge), "");
  auto rate = metadata;
  rate["kilonat.rate_kbps"] = "nan";
  EXPECT_NE(refusal(tensors, rate), "");
  EXPECT_THROW((void)load_model(folder_ / "none"), IoError);
}

TEST_F(ModelFileTest, ReadsFusedAndNewStyleWeights) {
  auto [tensors, metadata] = parts();
  Autoencoder model(tiny(), 1);
  tensor::TensorMap fused;
  tensor::TensorMap parametrised;
  for (const auto& [name, value] : tensors) {
    if (name.ends_with("weight_g")) {
      const std::string stem = name.substr(0, name.size() - 8);
      const at::Tensor v = tensors.at(stem + "weight_v");
      fused[stem + "weight"] = at::_weight_norm(v, value, 0);
      parametrised[stem + "parametrizations.weight.original0"] = value;
      parametrised[stem + "parametrizations.weight.original1"] = v;
    } else if (!name.ends_with("weight_v")) {
      fused[name] = value;
      parametrised[name] = value;
    }
  }
  const torch::NoGradGuard no_grad;
  const at::Tensor audio = torch::randn({1, 1, 100});
  const at::Tensor expected = model->forward(audio, {}).audio_BCT;
  for (const auto& form : {fused, parametrised}) {
    ASSERT_EQ(refusal(form, metadata), "");
    const at::Tensor actual = load_model(path()).model->forward(audio, {}).audio_BCT;
    EXPECT_LT((actual - expected).abs().max().item<double>(), 1e-5);
  }
}

}  // namespace
}  // namespace kilonat::codec
