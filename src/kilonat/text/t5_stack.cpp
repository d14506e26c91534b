#include "kilonat/text/t5_stack.h"

#include <cmath>
#include <limits>
#include <string>

#include <ATen/ATen.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/utils.h>

#include "kilonat/tensor/shape.h"

namespace kilonat::text {

namespace {

/// A module that only groups others under its name.
class GroupImpl : public torch::nn::Module {
 public:
  template <class Member>
  void add(const std::string& name, const Member& member) {
    register_module(name, member);
  }
};
TORCH_MODULE(Group);

void fill_normal(const T5Matrix& matrix, double stddev, const at::Generator& generator) {
  if (matrix.is_empty()) return;
  const at::Tensor& weight = matrix->weight;
  weight.copy_(at::randn(weight.sizes(), generator, at::kFloat) * stddev);
}

/// Added to the logits of keys that are no tokens: the most negative finite number, as the official
/// code does it, so that even a row without any token stays finite. [B, 1, 1, L].
at::Tensor mask_bias(const at::Tensor& mask_BL) {
  const at::Tensor hidden = at::logical_not(mask_BL).to(at::kFloat);
  return (hidden * std::numeric_limits<float>::lowest()).unsqueeze(1).unsqueeze(1);
}

}  // namespace

at::Tensor distance_buckets(const at::Tensor& distance,
                            std::int64_t num_buckets,
                            std::int64_t max_distance) {
  const std::int64_t half = num_buckets / 2;
  const std::int64_t num_exact = half / 2;
  const at::Tensor size = distance.abs();
  const double log_range =
      std::log(static_cast<double>(max_distance) / static_cast<double>(num_exact));
  // In float32 and in this order: the official code's roundings decide the bucket at the borders.
  const at::Tensor position = at::log(size.to(at::kFloat) / num_exact) / log_range;
  const at::Tensor coarse = (num_exact + (position * (half - num_exact)).to(at::kLong));
  const at::Tensor bucket = at::where(size < num_exact, size, coarse.clamp_max(half - 1));
  return bucket + (distance > 0).to(at::kLong) * half;
}

T5MatrixImpl::T5MatrixImpl(std::int64_t rows, std::int64_t columns) {
  weight = register_parameter("weight", at::empty({rows, columns}, at::kFloat));
}

T5NormImpl::T5NormImpl(std::int64_t width, double epsilon) : epsilon_(epsilon) {
  weight = register_parameter("weight", at::ones({width}, at::kFloat));
}

at::Tensor T5NormImpl::forward(const at::Tensor& x) {
  return weight * (x * at::rsqrt(x.square().mean(-1, /*keepdim=*/true) + epsilon_));
}

T5AttentionImpl::T5AttentionImpl(const T5StackOptions& options, bool has_bias)
    : num_heads_(options.num_heads), head_width_(options.head_width) {
  const std::int64_t inner = num_heads_ * head_width_;
  q = register_module("q", T5Matrix(inner, options.width));
  k = register_module("k", T5Matrix(inner, options.width));
  v = register_module("v", T5Matrix(inner, options.width));
  o = register_module("o", T5Matrix(options.width, inner));
  if (!has_bias) return;
  relative_attention_bias =
      register_module("relative_attention_bias", T5Matrix(options.num_buckets, num_heads_));
}

at::Tensor T5AttentionImpl::split_heads(const at::Tensor& x_BLI) const {
  return x_BLI.view({x_BLI.size(0), x_BLI.size(1), num_heads_, head_width_}).transpose(1, 2);
}

at::Tensor T5AttentionImpl::forward(const at::Tensor& x_BLD, const at::Tensor& logit_bias) {
  const at::Tensor q_BHLK = split_heads(at::linear(x_BLD, q->weight));
  const at::Tensor k_BHLK = split_heads(at::linear(x_BLD, k->weight));
  const at::Tensor v_BHLK = split_heads(at::linear(x_BLD, v->weight));
  const at::Tensor logits = at::matmul(q_BHLK, k_BHLK.transpose(2, 3)) + logit_bias;
  const at::Tensor seen = at::matmul(at::softmax(logits, -1), v_BHLK);
  return at::linear(seen.transpose(1, 2).flatten(2), o->weight);
}

T5FeedForwardImpl::T5FeedForwardImpl(const T5StackOptions& options) {
  const auto matrix = [&](const char* name) {
    return register_module(name, T5Matrix(options.ff_width, options.width));
  };
  if (options.is_gated) {
    wi_0 = matrix("wi_0");
    wi_1 = matrix("wi_1");
  } else {
    wi = matrix("wi");
  }
  wo = register_module("wo", T5Matrix(options.width, options.ff_width));
}

at::Tensor T5FeedForwardImpl::forward(const at::Tensor& x_BLD) {
  if (!wi.is_empty()) return at::linear(at::relu(at::linear(x_BLD, wi->weight)), wo->weight);
  const at::Tensor gate = at::gelu(at::linear(x_BLD, wi_0->weight), "tanh");
  return at::linear(gate * at::linear(x_BLD, wi_1->weight), wo->weight);
}

T5StackImpl::T5StackImpl(const T5StackOptions& options) : options_(options) {
  torch::nn::ModuleList blocks;
  for (std::int64_t i = 0; i < options.num_layers; ++i) {
    layers_.push_back(make_layer(/*is_first=*/i == 0));
    const Layer& layer = layers_.back();
    Group attention;
    attention->add("SelfAttention", layer.attention);
    attention->add("layer_norm", layer.attention_norm);
    Group ff;
    ff->add("DenseReluDense", layer.ff);
    ff->add("layer_norm", layer.ff_norm);
    torch::nn::ModuleList parts;
    parts->push_back(attention);
    parts->push_back(ff);
    Group block;
    block->add("layer", parts);
    blocks->push_back(block);
  }
  register_module("block", blocks);
  final_layer_norm_ = register_module("final_layer_norm", T5Norm(options.width, options.epsilon));
}

T5StackImpl::Layer T5StackImpl::make_layer(bool is_first) {
  return {.attention_norm = T5Norm(options_.width, options_.epsilon),
          .attention = T5Attention(options_, /*has_bias=*/is_first),
          .ff_norm = T5Norm(options_.width, options_.epsilon),
          .ff = T5FeedForward(options_)};
}

at::Tensor T5StackImpl::position_bias(std::int64_t length) const {
  const at::Tensor& table = layers_.front().attention->relative_attention_bias->weight;
  const at::Tensor place_L = at::arange(length, table.options().dtype(at::kLong));
  const at::Tensor distance_LL = place_L.unsqueeze(0) - place_L.unsqueeze(1);
  const at::Tensor buckets_LL =
      distance_buckets(distance_LL, options_.num_buckets, options_.max_distance);
  return at::embedding(table, buckets_LL).permute({2, 0, 1}).unsqueeze(0);
}

at::Tensor T5StackImpl::forward(const at::Tensor& x_BLD, const at::Tensor& mask_BL) {
  tensor::expect_shape(x_BLD, "tokens", {tensor::kAny, tensor::kAny, options_.width});
  at::Tensor bias = position_bias(x_BLD.size(1));
  if (mask_BL.defined()) {
    tensor::expect_shape(mask_BL, "token mask", {x_BLD.size(0), x_BLD.size(1)});
    bias = bias + mask_bias(mask_BL);
  }
  at::Tensor h_BLD = x_BLD;
  for (Layer& layer : layers_) {
    h_BLD = h_BLD + layer.attention->forward(layer.attention_norm->forward(h_BLD), bias);
    h_BLD = h_BLD + layer.ff->forward(layer.ff_norm->forward(h_BLD));
  }
  return final_layer_norm_->forward(h_BLD);
}

void initialise(T5StackImpl& stack, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  const T5StackOptions& options = stack.options();
  const auto spread = [](std::int64_t fan_in) {
    return 1 / std::sqrt(static_cast<double>(fan_in));
  };
  for (const auto& module : stack.modules(/*include_self=*/false)) {
    if (auto* attention = module->as<T5AttentionImpl>()) {
      fill_normal(attention->q, spread(options.width * options.head_width), generator);
      fill_normal(attention->k, spread(options.width), generator);
      fill_normal(attention->v, spread(options.width), generator);
      fill_normal(attention->o, spread(options.num_heads * options.head_width), generator);
      fill_normal(attention->relative_attention_bias, spread(options.width), generator);
    } else if (auto* ff = module->as<T5FeedForwardImpl>()) {
      fill_normal(ff->wi, spread(options.width), generator);
      fill_normal(ff->wi_0, spread(options.width), generator);
      fill_normal(ff->wi_1, spread(options.width), generator);
      fill_normal(ff->wo, spread(options.ff_width), generator);
    } else if (auto* norm = module->as<T5NormImpl>()) {
      norm->weight.fill_(1);
    }
  }
}

}  // namespace kilonat::text
