#include "kilonat/codec/weight_norm_conv2d.h"

#include <ATen/ATen.h>
#include <torch/types.h>

#include "kilonat/kernels/conv1d.h"
#include "kilonat/kernels/conv2d.h"

namespace kilonat::codec {

WeightNormConv2dImpl::WeightNormConv2dImpl(const Conv2dOptions& options) : options_(options) {
  weight_g = register_parameter("weight_g", torch::ones({options.out_channels, 1, 1, 1}));
  weight_v = register_parameter(
      "weight_v",
      torch::ones(
          {options.out_channels, options.in_channels, options.kernel[0], options.kernel[1]}));
  bias = register_parameter("bias", torch::zeros({options.out_channels}));
}

at::Tensor WeightNormConv2dImpl::weight() const {
  return at::_weight_norm(weight_v, weight_g, 0);
}

at::Tensor WeightNormConv2dImpl::weight_for(const at::Tensor& x) {
  return cache_.get(weight_v, weight_g, x.scalar_type(), [this] { return weight(); });
}

at::Tensor WeightNormConv2dImpl::forward(const at::Tensor& x) {
  return kernels::conv2d(
      x, weight_for(x), bias, {.stride = options_.stride, .padding = options_.padding});
}

at::Tensor WeightNormConv2dImpl::forward_by_library(const at::Tensor& x) {
  return at::conv2d(x, weight(), bias, options_.stride, options_.padding);
}

at::Tensor WeightNormConv2dImpl::forward_along_rows(const at::Tensor& x_NCR) {
  return kernels::conv1d(x_NCR,
                         weight_for(x_NCR).squeeze(3),
                         bias,
                         {.stride = options_.stride[0], .padding = options_.padding[0]});
}

}  // namespace kilonat::codec
