#include "kilonat/train/gain_init.h"

#include "train/small_codec.h"
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/codec/layers.h"
#include "kilonat/train/named_tensors.h"

namespace kilonat::train {
namespace {

using testing::small_codec;

codec::AutoencoderOptions deep_codec() {
  codec::AutoencoderOptions options = small_codec();
  options.encoder_channels = 16;
  options.encoder_strides = {4, 5, 4, 4};
  options.decoder_channels = 256;
  options.decoder_strides = {4, 4, 5, 4};
  return options;
}

/// Standard deviation of what the decoder makes of a standard normal latent.
double output_level(codec::Autoencoder& model) {
  const torch::NoGradGuard no_grad;
  const auto generator = tensor::make_generator(3);
  const torch::Tensor latent_BDF = torch::randn({2, 6, 20}, generator, torch::TensorOptions());
  return model->decode_latent(latent_BDF).std().item<double>();
}

TEST(GainInit, KeepsTheLatentAliveThroughADeepDecoder) {
  codec::Autoencoder official(deep_codec(), 1);
  codec::Autoencoder model(deep_codec(), 1);
  initialise_gains_(model);
  // The last layer's gain is 0.1; what comes before is of the order of 1.
  EXPECT_GT(output_level(model), 0.03);
  EXPECT_LT(output_level(model), 0.5);
  EXPECT_LT(output_level(official), 0.2 * output_level(model));
}

TEST(GainInit, TouchesNoDirectionAndNoBottleneck) {
  codec::Autoencoder before(deep_codec(), 1);
  codec::Autoencoder model(deep_codec(), 1);
  initialise_gains_(model);
  const NamedTensors expected = state_of(*before);
  for (const auto& [name, tensor] : state_of(*model)) {
    if (name.ends_with("weight_g") && !name.starts_with("quantizer.")) continue;
    EXPECT_TRUE(torch::equal(tensor, expected.at(name))) << name;
  }
}

TEST(SnakeInit, StartsEveryKindOfSnakeAtTheSameCurve) {
  for (const char* kind : {"linear", "log_alpha_beta"}) {
    codec::AutoencoderOptions options = deep_codec();
    options.snake = kind;
    codec::Autoencoder model(options, 1);
    initialise_snakes_(model, 0.01);
    int num_snakes = 0;
    for (const auto& module : model->modules(/*include_self=*/false)) {
      auto* snake = module->as<codec::SnakeImpl>();
      if (snake == nullptr) continue;
      ++num_snakes;
      const torch::Tensor x_BCT = torch::full({1, snake->alpha.size(1), 1}, 2.0f);
      const torch::NoGradGuard no_grad;
      // x + sin(0.01 x)^2 / 0.01 at x = 2 is 2.03999; float32.
      EXPECT_NEAR(snake->forward(x_BCT).mean().item<double>(), 2.03999, 1e-5) << kind;
    }
    EXPECT_EQ(num_snakes, 2 * (4 * 7 + 1)) << kind;
  }
}

}  // namespace
}  // namespace kilonat::train
