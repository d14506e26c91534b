#pragma once
/// Small T5 models with random weights, and folders of them, for the tests.

#include <filesystem>
#include <string>

#include "codec/torch_archive.h"
#include "text/sentence_piece_model.h"
#include <ATen/ATen.h>
#include <torch/utils.h>

#include "kilonat/tensor/module_weights.h"
#include "kilonat/tensor/random.h"
#include "kilonat/tensor/safetensors.h"
#include "kilonat/text/t5_encoder.h"

namespace kilonat::text {

inline T5Options small_t5_options() {
  return {.vocabulary_size = kSmallModelSize + 3,
          .stack = {.width = 12, .num_layers = 2, .num_heads = 3, .head_width = 5, .ff_width = 20}};
}

inline T5Model small_t5(const T5Options& options = small_t5_options(), std::uint64_t seed = 1) {
  T5Model model(options);
  const torch::NoGradGuard no_grad;
  const at::Generator generator = tensor::make_generator(seed);
  initialise(*model->encoder, generator);
  model->shared->weight.normal_(0, 1, generator);
  return model;
}

/// The official names: the table under both of its names, and a decoder's tensor.
inline tensor::TensorMap official_weights(const T5Model& model) {
  tensor::TensorMap weights = tensor::weights_of(*model);
  weights["encoder.embed_tokens.weight"] = weights.at("shared.weight").clone();
  weights["decoder.final_layer_norm.weight"] = at::ones({12});
  weights["lm_head.weight"] = at::ones({11, 12});
  return weights;
}

inline void write_t5_folder(const std::filesystem::path& folder,
                            const tensor::TensorMap& weights,
                            const std::string& config = {}) {
  std::filesystem::create_directories(folder);
  tensor::save_safetensors(folder / "model.safetensors", weights);
  write_bytes(folder / "spiece.model", small_model());
  if (!config.empty()) write_bytes(folder / "config.json", config);
}

/// The same tensors as torch.save would write them.
inline std::string torch_archive(const tensor::TensorMap& weights) {
  std::string items;
  codec::ZipMembers members;
  int key = 0;
  for (const auto& [name, value] : weights) {
    const at::Tensor stored = value.contiguous();
    std::string shape;
    std::string strides;
    for (std::int64_t i = 0; i < stored.dim(); ++i) {
      shape += codec::pickle::integer(static_cast<std::int32_t>(stored.size(i)));
      strides += codec::pickle::integer(static_cast<std::int32_t>(stored.stride(i)));
    }
    const auto storage = codec::pickle::storage(
        "FloatStorage", std::to_string(key), static_cast<std::int32_t>(stored.numel()));
    items += codec::pickle::text(name) + codec::pickle::tensor(storage, 0, shape, strides);
    members.emplace_back("archive/data/" + std::to_string(key++),
                         std::string(static_cast<const char*>(stored.data_ptr()), stored.nbytes()));
  }
  members.insert(members.begin(),
                 {"archive/data.pkl",
                  codec::pickle::kStart + codec::pickle::dict(items) + codec::pickle::kStop});
  return codec::zip_archive(members);
}

}  // namespace kilonat::text
