#pragma once
/// The Snake activation, `x + sin(a x)^2 / (b + 1e-9)` with a and b per channel.
///
/// Source: Ziyin, Hartwig and Ueda 2020, "Neural Networks Fail to Learn Periodic Functions", eq. 3;
/// the 1e-9 and the shape of alpha are those of descript-audio-codec, dac/nn/layers.py.
///
/// float32 on the CPU takes a fused path, forward and backward; everything else takes the
/// reference. Both are differentiable in every argument. The result does not depend on the number
/// of threads.

#include <ATen/core/Tensor.h>

namespace kilonat::kernels {

/// `x + sin(alpha x)^2 / (alpha + 1e-9)`: DAC's.
///
/// @param x_BCT   [batch, channels, length], any strides.
/// @param alpha   [channels] or [1, channels, 1], of x's type.
/// @returns       [batch, channels, length].
/// @throws ShapeError if x has not three axes or alpha not one value per channel.
[[nodiscard]] at::Tensor snake(const at::Tensor& x_BCT, const at::Tensor& alpha);

/// `x + sin(exp(log_alpha) x)^2 / (exp(log_beta) + 1e-9)`: Oobleck's SnakeBeta. As snake().
[[nodiscard]] at::Tensor snake_beta(const at::Tensor& x_BCT,
                                    const at::Tensor& log_alpha,
                                    const at::Tensor& log_beta);

/// The same two from ATen's operators alone, any type and device: what the fast path is tested
/// against.
[[nodiscard]] at::Tensor snake_reference(const at::Tensor& x_BCT, const at::Tensor& alpha);
[[nodiscard]] at::Tensor snake_beta_reference(const at::Tensor& x_BCT,
                                              const at::Tensor& log_alpha,
                                              const at::Tensor& log_beta);

}  // namespace kilonat::kernels
