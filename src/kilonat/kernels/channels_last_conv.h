#pragma once
/// The convolution that conv1d.h and conv2d.h are made of: oneDNN's, on channels-last memory.

#include <array>
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace kilonat::kernels {

struct ConvGeometry {
  std::array<std::int64_t, 2> stride{1, 1};
  std::array<std::int64_t, 2> padding{0, 0};
  std::array<std::int64_t, 2> dilation{1, 1};
};

/// Whether channels_last_conv takes these: float32 or bfloat16 on the CPU, not empty, the weight
/// float32 or of x's type.
[[nodiscard]] bool can_convolve_channels_last(const at::Tensor& x, const at::Tensor& weight);

/// @param x       [batch, in, rows, columns], any strides; copied unless channels-last.
/// @param weight  [out, in, kernel rows, kernel columns].
/// @param bias    [out], or undefined.
/// @returns       [batch, out, rows', columns'], channels-last, of x's type.
/// REQUIRES: can_convolve_channels_last. Differentiable in every argument, also twice; gradients of
/// weight and bias have their type.
[[nodiscard]] at::Tensor channels_last_conv(const at::Tensor& x,
                                            const at::Tensor& weight,
                                            const at::Tensor& bias,
                                            const ConvGeometry& geometry);

/// A weight or bias in the type of x, as ATen's operators want it; undefined stays so.
[[nodiscard]] at::Tensor in_type_of(const at::Tensor& x, const at::Tensor& parameter);

/// A weight such that channels_last_conv on `activations` need not convert it: for repeated use
/// without gradients. Of three axes (conv1d's) or four.
[[nodiscard]] at::Tensor ready_weight(const at::Tensor& weight, at::ScalarType activations);

}  // namespace kilonat::kernels
