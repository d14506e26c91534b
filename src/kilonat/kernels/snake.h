#pragma once
/// The Snake activation, `x + sin(a x)^2 / (b + 1e-9)` with a and b per channel.
///
/// Source: Ziyin, Hartwig and Ueda 2020, "Neural Networks Fail to Learn Periodic Functions", eq. 3;
/// the 1e-9 and the shape of alpha are those of descript-audio-codec, dac/nn/layers.py.
///
/// float32 and bfloat16 on the CPU take a fused path, forward and backward; everything else takes
/// the reference. Parameters are float32 also where x is bfloat16; the arithmetic is theirs, and
/// only the result is rounded to x's type. All are differentiable in every argument. The values do
/// not depend on the number of threads. Results lie in memory as x does (see layout.h).

#include <ATen/core/Tensor.h>

namespace kilonat::kernels {

/// `x + sin(alpha x)^2 / (alpha + 1e-9)`: DAC's.
///
/// @param x_BCT   [batch, channels, length], any strides.
/// @param alpha   [channels] or [1, channels, 1], of x's type, or float32 for bfloat16.
/// @returns       [batch, channels, length].
/// @throws ShapeError if x has not three axes or alpha not one value per channel.
[[nodiscard]] at::Tensor snake(const at::Tensor& x_BCT, const at::Tensor& alpha);

/// `x + sin(exp(log_alpha) x)^2 / (exp(log_beta) + 1e-9)`: Oobleck's SnakeBeta. As snake().
[[nodiscard]] at::Tensor snake_beta(const at::Tensor& x_BCT,
                                    const at::Tensor& log_alpha,
                                    const at::Tensor& log_beta);

/// A sum and Snake of it.
struct SumAndSnake {
  at::Tensor sum_BCT;
  at::Tensor y_BCT;
};

/// x + h and snake(x + h) in one pass: the end of a residual unit and the start of the next.
/// @param h_BCT  of x's shape. Otherwise as snake().
[[nodiscard]] SumAndSnake add_snake(const at::Tensor& x_BCT,
                                    const at::Tensor& h_BCT,
                                    const at::Tensor& alpha);
[[nodiscard]] SumAndSnake add_snake_beta(const at::Tensor& x_BCT,
                                         const at::Tensor& h_BCT,
                                         const at::Tensor& log_alpha,
                                         const at::Tensor& log_beta);

/// snake and snake_beta from ATen's operators alone, any type and device: what the fast path is
/// tested against.
[[nodiscard]] at::Tensor snake_reference(const at::Tensor& x_BCT, const at::Tensor& alpha);
[[nodiscard]] at::Tensor snake_beta_reference(const at::Tensor& x_BCT,
                                              const at::Tensor& log_alpha,
                                              const at::Tensor& log_beta);

}  // namespace kilonat::kernels
