#pragma once
/// T5's stack of encoder layers, under the names of the official weights.
///
/// Source: huggingface/transformers, models/t5/modeling_t5.py (T5Stack without decoder). No biases,
/// no mean in the norms, no scaling of the attention logits; order is known only by a bias on them
/// that depends on the distance between two tokens.

#include <cstdint>
#include <vector>

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace kilonat::text {

struct T5StackOptions {
  std::int64_t width = 128;         ///< D
  std::int64_t num_layers = 2;      ///<
  std::int64_t num_heads = 4;       ///< H
  std::int64_t head_width = 32;     ///< heads x head_width need not be the width
  std::int64_t ff_width = 256;      ///<
  std::int64_t num_buckets = 32;    ///< distances that are told apart, both directions together
  std::int64_t max_distance = 128;  ///< tokens; all beyond share a bucket
  bool is_gated = true;   ///< true: gelu(wi_0 x) * wi_1 x (v1.1, flan); false: relu(wi x) (v1.0)
  double epsilon = 1e-6;  ///< of the norms
};

/// The bucket of each distance "key minus query", int64, in the shape of `distance`. Half of the
/// buckets are for keys ahead; in each half, half are for one distance each and the others grow by
/// equal factors up to `max_distance`.
[[nodiscard]] at::Tensor distance_buckets(const at::Tensor& distance,
                                          std::int64_t num_buckets,
                                          std::int64_t max_distance);

/// A matrix without bias, or a table of rows. Parameter: weight [rows, columns].
class T5MatrixImpl : public torch::nn::Module {
 public:
  T5MatrixImpl(std::int64_t rows, std::int64_t columns);

  at::Tensor weight;
};
TORCH_MODULE(T5Matrix);

/// `weight * x / rms(x)` over the last axis, in float32. Parameter: weight [width], from 1.
class T5NormImpl : public torch::nn::Module {
 public:
  T5NormImpl(std::int64_t width, double epsilon);

  at::Tensor forward(const at::Tensor& x);

  at::Tensor weight;

 private:
  double epsilon_;
};
TORCH_MODULE(T5Norm);

/// Every token looks at every token. Parameters: q, k, v [heads x head_width, D], o [D, heads x
/// head_width]; in the first layer also relative_attention_bias [buckets, heads].
class T5AttentionImpl : public torch::nn::Module {
 public:
  T5AttentionImpl(const T5StackOptions& options, bool has_bias);

  /// @param logit_bias  added to the logits [1 or B, H, query, key].
  at::Tensor forward(const at::Tensor& x_BLD, const at::Tensor& logit_bias);

  T5Matrix q{nullptr};
  T5Matrix k{nullptr};
  T5Matrix v{nullptr};
  T5Matrix o{nullptr};
  T5Matrix relative_attention_bias{nullptr};  // empty in all layers but the first

 private:
  at::Tensor split_heads(const at::Tensor& x_BLI) const;

  std::int64_t num_heads_;
  std::int64_t head_width_;
};
TORCH_MODULE(T5Attention);

/// Two layers on each token. Parameters: wi, or wi_0 and wi_1 [ff, D]; wo [D, ff].
class T5FeedForwardImpl : public torch::nn::Module {
 public:
  explicit T5FeedForwardImpl(const T5StackOptions& options);

  at::Tensor forward(const at::Tensor& x_BLD);

  T5Matrix wi{nullptr};    // empty if gated
  T5Matrix wi_0{nullptr};  // empty if not
  T5Matrix wi_1{nullptr};
  T5Matrix wo{nullptr};
};
TORCH_MODULE(T5FeedForward);

/// The stack: block.{i}.layer.0 (SelfAttention, layer_norm), block.{i}.layer.1 (DenseReluDense,
/// layer_norm), final_layer_norm. Matrices are unset until initialise() or loading.
class T5StackImpl : public torch::nn::Module {
 public:
  explicit T5StackImpl(const T5StackOptions& options);

  /// @param mask_BL  bool, true: a token; others are looked at by none. Undefined: all are tokens.
  /// @returns [B, L, D]; rows where the mask is false are numbers without meaning.
  at::Tensor forward(const at::Tensor& x_BLD, const at::Tensor& mask_BL);
  /// What distance adds to the logits of every layer, [1, H, L, L].
  [[nodiscard]] at::Tensor position_bias(std::int64_t length) const;
  [[nodiscard]] const T5StackOptions& options() const { return options_; }

 private:
  struct Layer {
    T5Norm attention_norm{nullptr};
    T5Attention attention{nullptr};
    T5Norm ff_norm{nullptr};
    T5FeedForward ff{nullptr};
  };
  Layer make_layer(bool is_first);

  T5StackOptions options_;
  std::vector<Layer> layers_;
  T5Norm final_layer_norm_{nullptr};
};
TORCH_MODULE(T5Stack);

/// T5's own start for training: normal values with the spread that keeps every layer's output and
/// the attention logits near 1.
void initialise(T5StackImpl& stack, at::Generator generator);

}  // namespace kilonat::text
