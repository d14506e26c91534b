#include "kilonat/codec/decoder.h"

#include "kilonat/codec/geometry.h"

namespace kilonat::codec {

namespace {

TransposedConvOptions strided_conv(std::int64_t in_channels,
                                   std::int64_t out_channels,
                                   std::int64_t stride,
                                   const AutoencoderOptions& options) {
  const UpPadding padding = up_padding(stride, options);
  return {.in_channels = in_channels,
          .out_channels = out_channels,
          .kernel = 2 * stride,
          .stride = stride,
          .padding = padding.padding,
          .output_padding = padding.output_padding};
}

/// Note [Output gate]: the latent is noise about its mean and each layer hands some of it on, so
/// that silence is never silent, and the logarithm of a loss hears -80 dBFS of noise in silence as
/// well as -20 in a bark. A cubic below `gate` swallows small noise (20 dB under the gate another
/// 40 dB) and is the identity far above it. It is odd and rises everywhere, so that quiet sound can
/// be made. What it gave is in docs/reproduce.md.
at::Tensor gated(const at::Tensor& x, double gate) {
  const at::Tensor square = x.square();
  return x * (square / (square + gate * gate));
}

}  // namespace

DecoderBlockImpl::DecoderBlockImpl(std::int64_t in_channels,
                                   std::int64_t out_channels,
                                   std::int64_t stride,
                                   const AutoencoderOptions& options)
    : snake_(in_channels, options.snake),
      up_(strided_conv(in_channels, out_channels, stride, options)) {
  block_ = register_module("block", torch::nn::ModuleList());
  block_->push_back(snake_);
  block_->push_back(up_);
  for (const std::int64_t dilation : kResidualDilations) {
    units_.emplace_back(out_channels, dilation, options.snake);
    block_->push_back(units_.back());
  }
}

kernels::SumAndSnake DecoderBlockImpl::forward(const at::Tensor& snaked_BCF,
                                               Snake& next,
                                               Edges edges) {
  return run_units(units_, up_(snaked_BCF, edges), next, edges);
}

DecoderImpl::DecoderImpl(const AutoencoderOptions& options)
    : final_tanh_(options.final_tanh), output_gate_(options.output_gate) {
  const std::vector<std::int64_t> widths = decoder_widths(options);
  model_ = register_module("model", torch::nn::ModuleList());
  first_ = WeightNormConv1d(ConvOptions{.in_channels = decoder_in_channels(options),
                                        .out_channels = widths.front(),
                                        .kernel = 7,
                                        .padding_left = 3,
                                        .padding_right = 3});
  model_->push_back(first_);
  for (size_t i = 0; i < options.decoder_strides.size(); ++i) {
    blocks_.emplace_back(widths[i], widths[i + 1], options.decoder_strides[i], options);
    model_->push_back(blocks_.back());
  }
  snake_ = Snake(widths.back(), options.snake);
  model_->push_back(snake_);
  last_ = WeightNormConv1d(ConvOptions{.in_channels = widths.back(),
                                       .out_channels = options.num_channels,
                                       .kernel = 7,
                                       .padding_left = 3,
                                       .padding_right = 3,
                                       .bias = options.output_bias});
  model_->push_back(last_);
}

kernels::SumAndSnake DecoderImpl::trunk(const at::Tensor& z_BDF, Edges edges) {
  kernels::SumAndSnake h;
  h.sum_BCT = first_(to_activations(z_BDF, precision_), edges);
  h.y_BCT = snake_of(0)(h.sum_BCT);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    h.sum_BCT.reset();
    h = blocks_[i]->forward(h.y_BCT, snake_of(i + 1), edges);
  }
  return h;
}

Snake& DecoderImpl::snake_of(std::size_t block) {
  return block < blocks_.size() ? blocks_[block]->first_snake() : snake_;
}

at::Tensor DecoderImpl::finish(const at::Tensor& snaked_BCT, Edges edges) {
  // In float32: a waveform of 8 bits would hiss.
  const at::Tensor x = last_(from_activations(snaked_BCT), edges);
  const at::Tensor y = final_tanh_ ? x.tanh() : x;
  return output_gate_ > 0 ? gated(y, output_gate_) : y;
}

at::Tensor DecoderImpl::features(const at::Tensor& z_BDF, Edges edges) {
  return trunk(z_BDF, edges).sum_BCT;
}

at::Tensor DecoderImpl::waveform(const at::Tensor& features_BCT, Edges edges) {
  return finish(snake_(features_BCT), edges);
}

at::Tensor DecoderImpl::forward(const at::Tensor& z_BDF, Edges edges) {
  return finish(trunk(z_BDF, edges).y_BCT, edges);
}

}  // namespace kilonat::codec
