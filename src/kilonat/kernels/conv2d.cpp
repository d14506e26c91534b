#include "kilonat/kernels/conv2d.h"

#include <ATen/ATen.h>

#include "kilonat/kernels/channels_last_conv.h"

namespace kilonat::kernels {

at::Tensor conv2d(const at::Tensor& x,
                  const at::Tensor& weight,
                  const at::Tensor& bias,
                  const Conv2dOptions& options) {
  if (x.dim() == 4 && weight.dim() == 4 && can_convolve_channels_last(x, weight)) {
    return channels_last_conv(
        x, weight, bias, {.stride = options.stride, .padding = options.padding});
  }
  return at::conv2d(x, in_type_of(x, weight), in_type_of(x, bias), options.stride, options.padding);
}

}  // namespace kilonat::kernels
