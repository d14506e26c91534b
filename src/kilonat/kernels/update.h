#pragma once
/// What an optimiser does to all parameters after the backward pass, in one pass over each.
///
/// A model has hundreds of small parameters: operator by operator, starting the operators takes
/// longer than the arithmetic. These take all of them at once, cut into pieces that go round the
/// threads. Values do not depend on the number of threads.

#include <span>

#include <ATen/core/Tensor.h>

#include "kilonat/kernels/update_loops.h"

namespace kilonat::kernels {

/// Whether the functions of this file take it: float32, dense, on the CPU.
[[nodiscard]] bool can_update(const at::Tensor& tensor);

/// A parameter with what its update needs, all of one shape.
struct AdamWTensors {
  at::Tensor parameter;
  at::Tensor gradient;
  at::Tensor first;   ///< moment
  at::Tensor second;  ///< moment
};

/// Loshchilov & Hutter 2019, algorithm 2. REQUIRES: can_update of every tensor.
void adamw_update_(std::span<const AdamWTensors> tensors, const AdamWFactors& factors);

/// An average and the value that it follows, of one shape.
struct Following {
  at::Tensor average;
  at::Tensor value;
};

/// average += weight (value - average). REQUIRES: can_update of every tensor.
void move_towards_(std::span<const Following> tensors, double weight);

/// Over all tensors, in double. REQUIRES: can_update of every tensor.
[[nodiscard]] double sum_of_squares(std::span<const at::Tensor> tensors);

}  // namespace kilonat::kernels
