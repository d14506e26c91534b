#include "kilonat/codec/encoder.h"

#include "kilonat/codec/geometry.h"

namespace kilonat::codec {

namespace {

ConvOptions strided_conv(std::int64_t in_channels,
                         std::int64_t out_channels,
                         std::int64_t stride,
                         const AutoencoderOptions& options) {
  const DownPadding padding = down_padding(stride, options);
  return {.in_channels = in_channels,
          .out_channels = out_channels,
          .kernel = 2 * stride,
          .stride = stride,
          .padding_left = padding.left,
          .padding_right = padding.right};
}

}  // namespace

EncoderBlockImpl::EncoderBlockImpl(std::int64_t in_channels,
                                   std::int64_t out_channels,
                                   std::int64_t stride,
                                   const AutoencoderOptions& options)
    : snake_(in_channels, options.snake),
      down_(strided_conv(in_channels, out_channels, stride, options)) {
  block_ = register_module("block", torch::nn::ModuleList());
  for (const std::int64_t dilation : kResidualDilations) {
    units_.emplace_back(in_channels, dilation, options.snake);
    block_->push_back(units_.back());
  }
  block_->push_back(snake_);
  block_->push_back(down_);
}

at::Tensor EncoderBlockImpl::forward(const at::Tensor& x_BCT, Edges edges) {
  return down_(run_units(units_, x_BCT, snake_, edges).y_BCT, edges);
}

EncoderImpl::EncoderImpl(const AutoencoderOptions& options) {
  const std::vector<std::int64_t> widths = encoder_widths(options);
  block_ = register_module("block", torch::nn::ModuleList());
  first_ = WeightNormConv1d(ConvOptions{.in_channels = options.num_channels,
                                        .out_channels = widths.front(),
                                        .kernel = 7,
                                        .padding_left = 3,
                                        .padding_right = 3});
  block_->push_back(first_);
  for (size_t i = 0; i < options.encoder_strides.size(); ++i) {
    blocks_.emplace_back(widths[i], widths[i + 1], options.encoder_strides[i], options);
    block_->push_back(blocks_.back());
  }
  snake_ = Snake(widths.back(), options.snake);
  block_->push_back(snake_);
  last_ = WeightNormConv1d(ConvOptions{.in_channels = widths.back(),
                                       .out_channels = encoder_out_channels(options),
                                       .kernel = 3,
                                       .padding_left = 1,
                                       .padding_right = 1});
  block_->push_back(last_);
}

at::Tensor EncoderImpl::forward(const at::Tensor& x_BCT, Edges edges) {
  at::Tensor h = first_(to_activations(x_BCT, precision_), edges);
  for (EncoderBlock& block : blocks_) h = block(h, edges);
  return from_activations(last_(snake_(h), edges));
}

}  // namespace kilonat::codec
