#include "kilonat/codec/layers.h"

#include <torch/nn/functional/padding.h>

#include "kilonat/kernels/conv1d.h"
#include "kilonat/kernels/snake.h"

namespace kilonat::codec {

namespace {

/// The weight of a layer under weight norm, norm over all axes but the first.
at::Tensor normed_weight(const at::Tensor& v, const at::Tensor& g) {
  return at::_weight_norm(v, g, /*dim=*/0);
}

}  // namespace

at::Tensor to_activations(const at::Tensor& x, kernels::Precision precision) {
  const bool rounds = precision == kernels::Precision::kBf16 && x.scalar_type() == at::kFloat;
  return rounds ? x.to(at::kBFloat16) : x;
}

at::Tensor from_activations(const at::Tensor& x) {
  return x.scalar_type() == at::kBFloat16 ? x.to(at::kFloat) : x;
}

WeightNormConv1dImpl::WeightNormConv1dImpl(const ConvOptions& options) : options_(options) {
  weight_g = register_parameter("weight_g", torch::empty({options.out_channels, 1, 1}));
  weight_v = register_parameter(
      "weight_v", torch::empty({options.out_channels, options.in_channels, options.kernel}));
  if (options.bias) bias = register_parameter("bias", torch::empty({options.out_channels}));
}

at::Tensor WeightNormConv1dImpl::weight() const {
  return normed_weight(weight_v, weight_g);
}

at::Tensor WeightNormConv1dImpl::forward(const at::Tensor& x_BCT, Edges edges) {
  const bool padded = edges == Edges::kPadded;
  const bool even = options_.padding_left == options_.padding_right;
  const at::Tensor input =
      padded && !even
          ? at::constant_pad_nd(x_BCT, {options_.padding_left, options_.padding_right}, 0)
          : x_BCT;
  const std::int64_t padding = padded && even ? options_.padding_left : 0;
  return kernels::conv1d(
      input,
      cache_.get(weight_v, weight_g, input.scalar_type(), [this] { return weight(); }),
      bias,
      {.stride = options_.stride, .padding = padding, .dilation = options_.dilation});
}

WeightNormConvTranspose1dImpl::WeightNormConvTranspose1dImpl(const TransposedConvOptions& options)
    : options_(options) {
  weight_g = register_parameter("weight_g", torch::empty({options.in_channels, 1, 1}));
  weight_v = register_parameter(
      "weight_v", torch::empty({options.in_channels, options.out_channels, options.kernel}));
  bias = register_parameter("bias", torch::empty({options.out_channels}));
}

at::Tensor WeightNormConvTranspose1dImpl::weight() const {
  return normed_weight(weight_v, weight_g);
}

at::Tensor WeightNormConvTranspose1dImpl::forward(const at::Tensor& x_BCT, Edges edges) {
  const bool padded = edges == Edges::kPadded;
  const at::Tensor weight_IOK =
      cache_.get(weight_v, weight_g, x_BCT.scalar_type(), [this] { return weight(); });
  return kernels::conv_transpose1d(x_BCT,
                                   weight_IOK,
                                   bias,
                                   {.stride = options_.stride,
                                    .padding = padded ? options_.padding : 0,
                                    .output_padding = padded ? options_.output_padding : 0});
}

SnakeImpl::SnakeImpl(std::int64_t channels, const std::string& kind) {
  if (kind == "elu") return;
  alpha = register_parameter("alpha", torch::empty({1, channels, 1}));
  if (kind != "linear") beta = register_parameter("beta", torch::empty({1, channels, 1}));
}

at::Tensor SnakeImpl::forward(const at::Tensor& x_BCT) {
  if (!alpha.defined()) return at::elu(x_BCT);
  return beta.defined() ? kernels::snake_beta(x_BCT, alpha, beta) : kernels::snake(x_BCT, alpha);
}

kernels::SumAndSnake SnakeImpl::of_sum(const at::Tensor& x_BCT, const at::Tensor& h_BCT) {
  if (!alpha.defined()) {
    const at::Tensor sum_BCT = x_BCT + h_BCT;
    return {.sum_BCT = sum_BCT, .y_BCT = at::elu(sum_BCT)};
  }
  return beta.defined() ? kernels::add_snake_beta(x_BCT, h_BCT, alpha, beta)
                        : kernels::add_snake(x_BCT, h_BCT, alpha);
}

}  // namespace kilonat::codec
