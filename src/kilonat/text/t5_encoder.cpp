#include "kilonat/text/t5_encoder.h"

#include <algorithm>
#include <span>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/hash.h"
#include "kilonat/tensor/module_weights.h"
#include "kilonat/text/features.h"

namespace kilonat::text {

namespace {

/// Captions remembered at most: about 380 MB of t5-base's vectors at 30 tokens each.
constexpr std::size_t kMaxKnown = 4096;
/// Values of a tensor that its hash is made of.
constexpr std::int64_t kHashedValues = 1024;

std::string hash_of(const torch::nn::Module& model) {
  std::uint64_t hash = kFnvOffsetBasis;
  for (const auto& [name, weight] : tensor::weights_of(model)) {
    const std::int64_t count = std::min(weight.numel(), kHashedValues);
    const at::Tensor values = weight.flatten().narrow(0, 0, count).cpu().contiguous();
    hash = fnv1a_64(name, hash);
    hash = fnv1a_64(std::as_bytes(std::span(values.data_ptr<float>(), values.numel())), hash);
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace

T5ModelImpl::T5ModelImpl(const T5Options& options) : options_(options) {
  shared = register_module("shared", T5Matrix(options.vocabulary_size, options.stack.width));
  encoder = register_module("encoder", T5Stack(options.stack));
}

at::Tensor T5ModelImpl::forward(const at::Tensor& ids_BL, const at::Tensor& mask_BL) {
  const bool is_known =
      ids_BL.ge(0).logical_and(ids_BL.lt(options_.vocabulary_size)).all().item<bool>();
  KILONAT_REQUIRE(is_known,
                  DataError,
                  "encoding tokens with T5: an id is not in 0 .. {}",
                  options_.vocabulary_size - 1);
  return encoder->forward(at::embedding(shared->weight, ids_BL), mask_BL);
}

T5Encoder::T5Encoder(T5Model model, SentencePieces pieces)
    : model_(register_module("model", std::move(model))),
      pieces_(std::move(pieces)),
      weights_hash_(hash_of(*model_)) {
  KILONAT_REQUIRE(pieces_.size() <= model_->options().vocabulary_size,
                  FormatError,
                  "pairing T5 with its tokenizer: it has {} tokens, the weights only {}; they are "
                  "of different models",
                  pieces_.size(),
                  model_->options().vocabulary_size);
  for (at::Tensor& weight : model_->parameters()) weight.requires_grad_(false);
  eval();
}

std::vector<std::int64_t> T5Encoder::token_ids(const std::string& caption) const {
  std::vector<std::int64_t> ids = pieces_.ids(caption);
  if (std::ssize(ids) > kMaxTokens - 1) ids.resize(kMaxTokens - 1);
  ids.push_back(pieces_.end_id());
  return ids;
}

at::Tensor T5Encoder::encode_one(const std::string& caption) {
  const auto known = known_LD_.find(caption);
  if (known != known_LD_.end()) return known->second;
  const torch::NoGradGuard no_grad;
  const at::Tensor ids_1L = at::tensor(token_ids(caption), at::kLong).unsqueeze(0);
  const at::Tensor caption_LD = model_->forward(ids_1L.to(model_->shared->weight.device()), {})[0];
  if (known_LD_.size() < kMaxKnown) known_LD_[caption] = caption_LD;
  return caption_LD;
}

TextFeatures T5Encoder::encode(const std::vector<std::string>& captions) {
  KILONAT_REQUIRE(!captions.empty(), ShapeError, "encoding captions: there are none");
  std::vector<at::Tensor> captions_LD;
  for (const std::string& caption : captions) captions_LD.push_back(encode_one(caption));
  return padded_features(captions_LD, model_->shared->weight.device());
}

std::string T5Encoder::description() const {
  const T5StackOptions& stack = model_->options().stack;
  return nlohmann::json{{"kind", "t5"},
                        {"width", stack.width},
                        {"layers", stack.num_layers},
                        {"heads", stack.num_heads},
                        {"gated", stack.is_gated},
                        {"tokens", pieces_.size()},
                        {"weights", weights_hash_}}
      .dump();
}

}  // namespace kilonat::text
