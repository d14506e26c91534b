#pragma once
/// A transformer of two narrow blocks whose every weight is random, and captions made of noise.

#include <torch/types.h>

#include "kilonat/diffusion/transformer.h"
#include "kilonat/tensor/random.h"

namespace kilonat::diffusion {

inline constexpr std::int64_t kLatentChannels = 3;
inline constexpr std::int64_t kTextWidth = 6;

inline TransformerOptions small_options() {
  return {.width = 32,
          .depth = 2,
          .heads = 2,
          .latent_channels = kLatentChannels,
          .text_width = kTextWidth};
}

/// With values where initialise() sets zeros, so that every path carries something.
inline DiffusionTransformer busy_transformer(const TransformerOptions& options = small_options()) {
  DiffusionTransformer model(options);
  at::Generator generator = tensor::make_generator(7);
  model->initialise(generator);
  const torch::NoGradGuard no_grad;
  for (at::Tensor& parameter : model->parameters()) {
    parameter.add_(0.2 * torch::randn(parameter.sizes(), generator, torch::kFloat32));
  }
  return model;
}

/// Captions of the given numbers of tokens, padded with zeros to `length`.
inline text::TextFeatures captions(const std::vector<std::int64_t>& num_tokens,
                                   std::int64_t length,
                                   std::uint64_t seed = 3) {
  const auto batch = static_cast<std::int64_t>(num_tokens.size());
  at::Generator generator = tensor::make_generator(seed);
  const at::Tensor all_BLD =
      torch::randn({batch, 12, kTextWidth}, generator, torch::kFloat32).narrow(1, 0, length);
  const at::Tensor counts_B1 = torch::tensor(num_tokens, torch::kLong).unsqueeze(1);
  const at::Tensor mask_BL = torch::arange(length).unsqueeze(0) < counts_B1;
  const at::Tensor tokens_BLD = all_BLD * mask_BL.unsqueeze(2);
  return {tokens_BLD, mask_BL, tokens_BLD.sum(1) / counts_B1.clamp_min(1)};
}

inline at::Tensor random_normal(at::IntArrayRef shape, std::uint64_t seed) {
  return torch::randn(shape, tensor::make_generator(seed), torch::kFloat32);
}

inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

}  // namespace kilonat::diffusion
