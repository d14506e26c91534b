#pragma once
/// Two-dimensional convolutions, as conv1d.h.

#include <array>
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace kilonat::kernels {

struct Conv2dOptions {
  std::array<std::int64_t, 2> stride{1, 1};
  std::array<std::int64_t, 2> padding{0, 0};  ///< zeros at both ends of each axis
};

/// @param x       [batch, in, rows, columns].
/// @param weight  [out, in, kernel rows, kernel columns], of x's type, or float32 for bfloat16.
/// @param bias    [out], or undefined.
/// @returns       [batch, out, rows', columns'], of x's type; channels-last for float32 and
///                bfloat16 on the CPU. Differentiable, also twice.
/// @throws c10::Error where at::conv2d does.
[[nodiscard]] at::Tensor conv2d(const at::Tensor& x,
                                const at::Tensor& weight,
                                const at::Tensor& bias,
                                const Conv2dOptions& options = {});

}  // namespace kilonat::kernels
