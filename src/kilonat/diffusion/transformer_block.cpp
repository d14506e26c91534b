#include "kilonat/diffusion/transformer_block.h"

#include <cmath>

#include <torch/types.h>

#include "kilonat/diffusion/attention.h"
#include "kilonat/diffusion/layers.h"

namespace kilonat::diffusion {

namespace {

/// Hidden width of the feed-forward layer: 8/3 of the width, as 2/3 of the usual 4 keeps the
/// parameters of an ungated layer (Shazeer 2002.05202), rounded up to a multiple of 32.
std::int64_t hidden_width(std::int64_t width) {
  constexpr std::int64_t kMultiple = 32;
  return (8 * width / 3 + kMultiple - 1) / kMultiple * kMultiple;
}

}  // namespace

TransformerBlockImpl::TransformerBlockImpl(const TransformerOptions& options)
    : heads_(options.heads), is_fused_(options.uses_fused_attention) {
  const std::int64_t width = options.width;
  const std::int64_t hidden = hidden_width(width);
  modulation_6N_ = register_parameter("modulation", torch::zeros({6, width}));
  self_qkv_ = register_module("self_qkv", linear(width, 3 * width));
  self_norm_E_ = register_parameter("self_norm", torch::ones({width / heads_}));
  self_out_ = register_module("self_out", linear(width, width));
  cross_in_N_ = register_parameter("cross_in", torch::ones({width}));
  cross_q_ = register_module("cross_q", linear(width, width));
  cross_norm_E_ = register_parameter("cross_norm", torch::ones({width / heads_}));
  cross_out_ = register_module("cross_out", linear(width, width));
  feed_in_ = register_module("feed_in", linear(width, 2 * hidden));
  feed_out_ = register_module("feed_out", linear(hidden, width));
}

void TransformerBlockImpl::initialise(const at::Generator& generator) {
  const torch::NoGradGuard no_grad;
  for (auto* layer : {&self_qkv_, &cross_q_, &feed_in_}) set_uniform(**layer, generator);
  for (auto* layer : {&self_out_, &cross_out_, &feed_out_}) (*layer)->weight.zero_();
}

at::Tensor TransformerBlockImpl::forward(const at::Tensor& x_BFN,
                                         const at::Tensor& kv_BL2N,
                                         const BlockContext& context) {
  const std::vector<at::Tensor> m_B1N =
      (context.modulation_B6N + modulation_6N_).unsqueeze(2).unbind(1);
  const auto gated = [](const at::Tensor& stream, const at::Tensor& gate, const at::Tensor& y) {
    return at::addcmul(stream, at::sigmoid(1 - gate), y);
  };
  at::Tensor x = x_BFN;
  x = gated(x, m_B1N[2], self_attention(modulated(x, m_B1N[0], m_B1N[1]), context));
  x = x + cross_attention(normalised(x, cross_in_N_), kv_BL2N, context);
  return gated(x, m_B1N[5], feed_forward(modulated(x, m_B1N[3], m_B1N[4])));
}

// Heads come before frames in one copy, so that all that follows is dense: layer norm, the turning
// of pairs over long stretches, products of matrices. Parts are taken by split and unbind, whose
// gradients are put together in one copy.

at::Tensor TransformerBlockImpl::self_attention(const at::Tensor& x_BFN,
                                                const BlockContext& context) {
  const at::Tensor qkv_3BHFE =
      self_qkv_(x_BFN).unflatten(2, {3, heads_, -1}).permute({2, 0, 3, 1, 4}).contiguous();
  const std::vector<at::Tensor> parts = qkv_3BHFE.split_with_sizes({2, 1}, 0);
  const at::Tensor qk_2BHFE = normalised(parts[0], self_norm_E_);
  const std::vector<at::Tensor> turned_BHFE =
      rotate_pairs(qk_2BHFE, context.rotations_211FP).unbind(0);
  return self_out_(attend(
      turned_BHFE[0], turned_BHFE[1], parts[1].squeeze(0), context.frame_bias_B11F, is_fused_));
}

at::Tensor TransformerBlockImpl::cross_attention(const at::Tensor& x_BFN,
                                                 const at::Tensor& kv_BL2N,
                                                 const BlockContext& context) {
  const at::Tensor q_BHFE = cross_q_(x_BFN).unflatten(2, {heads_, -1}).transpose(1, 2).contiguous();
  const std::vector<at::Tensor> kv_BHLE =
      kv_BL2N.unflatten(2, {2, heads_, -1}).permute({2, 0, 3, 1, 4}).contiguous().unbind(0);
  return cross_out_(attend(normalised(q_BHFE, cross_norm_E_),
                           kv_BHLE[0],
                           kv_BHLE[1],
                           context.token_bias_B11L,
                           is_fused_));
}

at::Tensor TransformerBlockImpl::feed_forward(const at::Tensor& x_BFN) {
  const std::vector<at::Tensor> halves = feed_in_(x_BFN).chunk(2, 2);
  return feed_out_(at::silu(halves[0]) * halves[1]);
}

}  // namespace kilonat::diffusion
