#include "kilonat/codec/weight_norm_conv2d.h"

#include <ATen/ATen.h>
#include <torch/types.h>

namespace kilonat::codec {

WeightNormConv2dImpl::WeightNormConv2dImpl(const Conv2dOptions& options) : options_(options) {
  weight_g = register_parameter("weight_g", torch::ones({options.out_channels, 1, 1, 1}));
  weight_v = register_parameter(
      "weight_v",
      torch::ones(
          {options.out_channels, options.in_channels, options.kernel[0], options.kernel[1]}));
  bias = register_parameter("bias", torch::zeros({options.out_channels}));
}

at::Tensor WeightNormConv2dImpl::forward(const at::Tensor& x) {
  return at::conv2d(
      x, at::_weight_norm(weight_v, weight_g, 0), bias, options_.stride, options_.padding);
}

}  // namespace kilonat::codec
