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

at::Tensor DecoderBlockImpl::forward(const at::Tensor& x_BCF, Edges edges) {
  at::Tensor h = up_(snake_(x_BCF), edges);
  for (ResidualUnit& unit : units_) h = unit(h, edges);
  return h;
}

DecoderImpl::DecoderImpl(const AutoencoderOptions& options) : final_tanh_(options.final_tanh) {
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

at::Tensor DecoderImpl::features(const at::Tensor& z_BDF, Edges edges) {
  at::Tensor h = first_(z_BDF, edges);
  for (DecoderBlock& block : blocks_) h = block(h, edges);
  return h;
}

at::Tensor DecoderImpl::waveform(const at::Tensor& features_BCT, Edges edges) {
  const at::Tensor x = last_(snake_(features_BCT), edges);
  return final_tanh_ ? x.tanh() : x;
}

at::Tensor DecoderImpl::forward(const at::Tensor& z_BDF, Edges edges) {
  return waveform(features(z_BDF, edges), edges);
}

}  // namespace kilonat::codec
