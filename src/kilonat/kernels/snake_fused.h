#pragma once
/// Snake over whole tensors by the kernels of snake_kernels.h, in parallel.

#include <ATen/core/Tensor.h>

namespace kilonat::kernels {

struct SnakeForward {
  at::Tensor sum_BCT;  ///< x + h
  at::Tensor y_BCT;    ///< snake(x + h)
};
struct SnakeBackward {
  at::Tensor grad_x_BCT;  ///< of x's type
  at::Tensor grad_a_C{};  ///< float32
  at::Tensor grad_b_C{};  ///< float32
};

/// Whether the fused path takes these: x float32 or bfloat16, a and b float32, on the CPU, not
/// empty.
[[nodiscard]] bool can_fuse(const at::Tensor& x_BCT, const at::Tensor& a_C, const at::Tensor& b_C);

/// `v + sin(a v)^2 / (b + 1e-9)` with v = x + h, computed in float32 from x and h, which have one
/// type; results have it too. `h_BCT` may be undefined: then sum is x.
/// REQUIRES: can_fuse; x dense in its layout or copied. Not differentiable itself.
[[nodiscard]] SnakeForward snake_forward(const at::Tensor& x_BCT,
                                         const at::Tensor& h_BCT,
                                         const at::Tensor& a_C,
                                         const at::Tensor& b_C);

/// Gradients at v = `x_BCT`. `grad_sum_BCT`, added to the gradient of v, may be undefined.
/// Sums run in a fixed order: the same values for any number of threads.
[[nodiscard]] SnakeBackward snake_backward(const at::Tensor& x_BCT,
                                           const at::Tensor& grad_y_BCT,
                                           const at::Tensor& grad_sum_BCT,
                                           const at::Tensor& a_C,
                                           const at::Tensor& b_C);

}  // namespace kilonat::kernels
