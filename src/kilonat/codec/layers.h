#pragma once
/// The layers that all codecs here are built of: convolutions with weight norm, and Snake.
///
/// Constructors leave the parameters unset; initialise.h or load_weights() gives them values.

#include <cstdint>
#include <string>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include "kilonat/codec/weight_cache.h"
#include "kilonat/kernels/precision.h"
#include "kilonat/kernels/snake.h"

namespace kilonat::codec {

/// How convolutions treat the ends of the signal.
enum class Edges {
  kPadded,    ///< zeros, so that a stride-1 layer keeps the length
  kUnpadded,  ///< no padding anywhere: every output depends on real input only, and is shorter
};

/// The signal in the type that layers work in: float32 becomes bfloat16 if asked; other types stay.
[[nodiscard]] at::Tensor to_activations(const at::Tensor& x, kernels::Precision precision);
/// And back: bfloat16 becomes float32.
[[nodiscard]] at::Tensor from_activations(const at::Tensor& x);

struct ConvOptions {
  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t padding_left = 0;
  std::int64_t padding_right = 0;
  bool bias = true;
};

/// 1-D convolution whose weight is `g v / |v|`, the norm taken per output channel.
///
/// Parameters as torch.nn.utils.weight_norm names them: weight_g [out, 1, 1], weight_v
/// [out, in, k], bias [out].
class WeightNormConv1dImpl : public torch::nn::Module {
 public:
  explicit WeightNormConv1dImpl(const ConvOptions& options);

  /// @param x_BCT [batch, in, length] -> [batch, out, new length].
  at::Tensor forward(const at::Tensor& x_BCT, Edges edges = Edges::kPadded);
  /// The weight that the convolution uses, [out, in, k].
  [[nodiscard]] at::Tensor weight() const;
  [[nodiscard]] const ConvOptions& options() const { return options_; }

  at::Tensor weight_g;
  at::Tensor weight_v;
  at::Tensor bias;  // undefined without bias

 private:
  WeightCache cache_;
  ConvOptions options_;
};
TORCH_MODULE(WeightNormConv1d);

struct TransposedConvOptions {
  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;         ///< cut from both ends of the output
  std::int64_t output_padding = 0;  ///< but this much less from the right end
};

/// Transposed 1-D convolution with weight norm.
///
/// Note [Axis of the norm]: weight_norm keeps axis 0, which is the *input* channel of a transposed
/// convolution's weight [in, out, k]; weight_g is [in, 1, 1].
class WeightNormConvTranspose1dImpl : public torch::nn::Module {
 public:
  explicit WeightNormConvTranspose1dImpl(const TransposedConvOptions& options);

  /// @param x_BCT [batch, in, length] -> [batch, out, new length].
  at::Tensor forward(const at::Tensor& x_BCT, Edges edges = Edges::kPadded);
  /// [in, out, k].
  [[nodiscard]] at::Tensor weight() const;
  [[nodiscard]] const TransposedConvOptions& options() const { return options_; }

  at::Tensor weight_g;
  at::Tensor weight_v;
  at::Tensor bias;

 private:
  WeightCache cache_;
  TransposedConvOptions options_;
};
TORCH_MODULE(WeightNormConvTranspose1d);

/// `x + sin(a x)^2 / (b + 1e-9)` per channel; linear: a = b = alpha, from 1; log_alpha_beta: a =
/// exp(alpha), b = exp(beta), from 0; elu: ELU in Snake's place, no parameters. [1, C, 1] each.
class SnakeImpl : public torch::nn::Module {
 public:
  /// @param kind  "linear", "log_alpha_beta" or "elu".
  SnakeImpl(std::int64_t channels, const std::string& kind);

  at::Tensor forward(const at::Tensor& x_BCT);
  /// x + h, and forward() of it, in one pass.
  kernels::SumAndSnake of_sum(const at::Tensor& x_BCT, const at::Tensor& h_BCT);

  at::Tensor alpha;  // undefined for "elu"
  at::Tensor beta;   // undefined for "linear" and "elu"
};
TORCH_MODULE(Snake);

}  // namespace kilonat::codec
