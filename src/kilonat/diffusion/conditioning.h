#pragma once
/// What a caption, a time and a duration become before they reach the blocks.
///
/// B batch, L text tokens, D text width, N the transformer's width.

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include "kilonat/diffusion/transformer_options.h"
#include "kilonat/text/text_encoder.h"

namespace kilonat::diffusion {

/// [B] values -> [B, 2 frequencies]: cos, then sin, of 2 pi f value, f spaced evenly in its
/// logarithm from `lowest` to `highest`.
[[nodiscard]] at::Tensor fourier_features(const at::Tensor& values_B,
                                          double lowest,
                                          double highest,
                                          std::int64_t num_frequencies);

/// Captions as the blocks see them.
struct TextContext {
  at::Tensor
      kv_BLK2N;  ///< keys and values for each of the K blocks; keys normalised, times 1 / sqrt(E)
  at::Tensor bias_B11L;  ///< attention.h
  at::Tensor pooled_BN;
};

/// Projects tokens and pooled text; knows the learned null caption.
class TextConditioningImpl : public torch::nn::Module {
 public:
  /// @param options  as resolved().
  explicit TextConditioningImpl(const TransformerOptions& options);

  /// Rows that are dropped, or have no token, see the null token alone.
  TextContext forward(const text::TextFeatures& text, const at::Tensor& is_dropped_B);

  void initialise(const at::Generator& generator);

 private:
  std::int64_t depth_;
  std::int64_t heads_;
  torch::nn::Linear tokens_{nullptr};  ///< D -> N
  at::Tensor norm_N_;
  at::Tensor null_token_N_;
  torch::nn::Linear kv_{nullptr};  ///< N -> K 2N
  torch::nn::Linear pooled_{nullptr};
  at::Tensor null_pooled_N_;
};
TORCH_MODULE(TextConditioning);

/// What is the same for all frames.
struct GlobalContext {
  at::Tensor modulation_B6N;  ///< of the blocks
  at::Tensor output_B2N;      ///< scale and shift before the last layer
};

/// Time, duration and pooled text as scales, shifts and gates.
class GlobalConditioningImpl : public torch::nn::Module {
 public:
  explicit GlobalConditioningImpl(const TransformerOptions& options);

  GlobalContext forward(const at::Tensor& t_B,
                        const at::Tensor& duration_s_B,
                        const at::Tensor& pooled_BN);

  void initialise(const at::Generator& generator);

 private:
  torch::nn::Linear time_in_{nullptr};
  torch::nn::Linear time_out_{nullptr};
  torch::nn::Linear duration_in_{nullptr};
  torch::nn::Linear duration_out_{nullptr};
  torch::nn::Linear shared_{nullptr};
  torch::nn::Linear modulation_{nullptr};  ///< N -> 6N + 2N
};
TORCH_MODULE(GlobalConditioning);

}  // namespace kilonat::diffusion
