#pragma once
/// Convolutions along time, on the path that is fastest on the CPU.
///
/// float32 and bfloat16 on the CPU give channels-last results (see layout.h, Note [Layouts])
/// whatever the input's layout; other types and devices take ATen's operators as they are. All are
/// differentiable in every argument, also twice, and equal ATen's conv1d and conv_transpose1d to
/// the rounding of the input's type. Weight and bias are float32 also for a bfloat16 input; they
/// are rounded here, and their gradients are float32 again.

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace kilonat::kernels {

struct Conv1dOptions {
  std::int64_t stride = 1;
  std::int64_t padding = 0;  ///< zeros at both ends
  std::int64_t dilation = 1;
};

/// @param x_BCT   [batch, in, length].
/// @param weight  [out, in, kernel], of x's type, or float32 for bfloat16.
/// @param bias    [out], or undefined.
/// @returns       [batch, out, (length + 2 padding - dilation (kernel - 1) - 1) / stride + 1].
/// @throws c10::Error where at::conv1d does.
[[nodiscard]] at::Tensor conv1d(const at::Tensor& x_BCT,
                                const at::Tensor& weight,
                                const at::Tensor& bias,
                                const Conv1dOptions& options = {});

struct ConvTranspose1dOptions {
  std::int64_t stride = 1;
  std::int64_t padding = 0;         ///< cut from both ends of the output
  std::int64_t output_padding = 0;  ///< but this much less from the right end; < stride
};

/// @param x_BCT   [batch, in, length].
/// @param weight  [in, out, kernel].
/// @param bias    [out], or undefined.
/// @returns       [batch, out, (length - 1) stride - 2 padding + kernel + output_padding].
/// @throws c10::Error where at::conv_transpose1d does.
[[nodiscard]] at::Tensor conv_transpose1d(const at::Tensor& x_BCT,
                                          const at::Tensor& weight,
                                          const at::Tensor& bias,
                                          const ConvTranspose1dOptions& options = {});

}  // namespace kilonat::kernels
