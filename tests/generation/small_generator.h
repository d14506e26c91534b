#pragma once
/// A generator that makes sounds in no time, with random weights.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "train/small_codec.h"
#include <torch/types.h>

#include "kilonat/generation/generator.h"
#include "kilonat/tensor/module_weights.h"
#include "kilonat/tensor/random.h"
#include "kilonat/text/word_encoder.h"

namespace kilonat::generation {

inline GeneratorOptions small_options() {
  GeneratorOptions options;
  options.transformer.width = 32;
  options.transformer.depth = 1;
  options.transformer.heads = 2;
  options.words.width = 16;
  options.words.layers = 1;
  options.words.heads = 2;
  options.words.trigram_buckets = 32;
  return options;
}

/// Six latent channels, of which the third says nothing.
inline diffusion::LatentNormaliser small_normaliser() {
  return diffusion::LatentNormaliser(
      {.mean_D = torch::tensor({0.5, 0.0, 0.0, -0.5, 0.0, 0.0}, torch::kDouble),
       .stddev_D = torch::full({6}, 0.5, torch::kDouble),
       .nats_D = torch::tensor({1.0, 1.0, 0.0, 1.0, 1.0, 1.0}, torch::kDouble)},
      {});
}

/// In evaluation mode. Its output layer, which starts at zero, gets values, so that captions
/// matter.
inline Generator small_generator(std::uint64_t seed = 3) {
  auto words = std::make_shared<text::WordEncoder>(
      small_options().words, text::Vocabulary({"a", "bell", "dog"}), seed);
  Generator model(small_options(), words, small_normaliser(), seed);
  const torch::NoGradGuard no_grad;
  const at::Generator generator = tensor::make_generator(seed);
  for (torch::Tensor& parameter : model->parameters()) {
    parameter.add_(0.1 * tensor::normal_like(parameter, generator));
  }
  model->eval();
  return model;
}

inline codec::Autoencoder small_decoder() {
  codec::Autoencoder codec(kilonat::testing::small_codec(), 5);
  codec->eval();
  return codec;
}

}  // namespace kilonat::generation
