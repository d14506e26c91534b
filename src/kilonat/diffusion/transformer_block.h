#pragma once
/// One block: self-attention, cross-attention, feed-forward, each added to the stream.
///
/// B batch, F frames, N width, L text tokens, H heads, E = N / H.

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include "kilonat/diffusion/transformer_options.h"

namespace kilonat::diffusion {

/// What all blocks of a pass share.
struct BlockContext {
  at::Tensor modulation_B6N;   ///< scale, shift, gate for self-attention, then for feed-forward
  at::Tensor frame_bias_B11F;  ///< attention.h; undefined: no padding
  at::Tensor rotations_211FP;  ///< of queries, which carry attention's scale, and of keys; complex
  at::Tensor token_bias_B11L;
};

/// Source: stable-audio-tools models/transformer.py, TransformerBlock with adaLN.
class TransformerBlockImpl : public torch::nn::Module {
 public:
  /// @param options  as resolved().
  explicit TransformerBlockImpl(const TransformerOptions& options);

  /// @param x_BFN    the stream.
  /// @param kv_BL2N  keys and values of the text for this block.
  /// @returns        the stream after the block.
  at::Tensor forward(const at::Tensor& x_BFN,
                     const at::Tensor& kv_BL2N,
                     const BlockContext& context);

  /// Random weights; those that end a branch become zero.
  void initialise(const at::Generator& generator);

 private:
  at::Tensor self_attention(const at::Tensor& x_BFN, const BlockContext& context);
  at::Tensor cross_attention(const at::Tensor& x_BFN,
                             const at::Tensor& kv_BL2N,
                             const BlockContext& context);
  at::Tensor feed_forward(const at::Tensor& x_BFN);

  std::int64_t heads_;
  bool is_fused_;
  at::Tensor modulation_6N_;
  torch::nn::Linear self_qkv_{nullptr};
  at::Tensor self_norm_E_;  ///< factors of normalised queries and keys alike; E = N / H
  torch::nn::Linear self_out_{nullptr};
  at::Tensor cross_in_N_;  ///< factors of the normalised stream
  torch::nn::Linear cross_q_{nullptr};
  at::Tensor cross_norm_E_;  ///< factors of normalised queries
  torch::nn::Linear cross_out_{nullptr};
  torch::nn::Linear feed_in_{nullptr};
  torch::nn::Linear feed_out_{nullptr};
};
TORCH_MODULE(TransformerBlock);

}  // namespace kilonat::diffusion
