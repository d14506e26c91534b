#pragma once
/// Snake over plain arrays, one function table per CPU level. No torch.
///
/// A *run* is a stretch of floats whose per-channel values repeat with a period: `a[i % period]`.
/// Channels-last data has the channels themselves as the period; a row of channels-first data has
/// one value, repeated.

#include <cstdint>

#include "kilonat/kernels/cpu.h"

namespace kilonat::kernels {

/// Periods are multiples of this many floats: the widest vector of any level.
inline constexpr std::int64_t kPeriodMultiple = 16;

/// Values per position of the period; `inverse_b` is 1 / (b + 1e-9).
struct SnakeTable {
  const float* a = nullptr;
  const float* inverse_b = nullptr;
  std::int64_t period = 0;  ///< multiple of kPeriodMultiple
};

/// Sums over a run, per position of the period; added to what is there.
struct SnakeSums {
  float* x_sine_2u = nullptr;     ///< g x sin(2 a x)
  float* sine_squared = nullptr;  ///< g sin(a x)^2
};

struct SnakeKernels {
  /// sum = x + h and y = snake(sum), for `size` floats that start at position 0 of the period.
  /// `h` null: sum = x, and `sum` is not written.
  void (*forward)(const float* x,
                  const float* h,
                  float* sum,
                  float* y,
                  std::int64_t size,
                  const SnakeTable& table);
  /// grad_x = grad_sum + grad_y dy/dx and the sums for the gradients of a and b.
  /// `grad_sum` null: counts as zero.
  void (*backward)(const float* x,
                   const float* grad_y,
                   const float* grad_sum,
                   float* grad_x,
                   std::int64_t size,
                   const SnakeTable& table,
                   const SnakeSums& sums);
};

/// Largest error of sin(u)^2 and sin(2u), absolute, against exact values of the float u; any level,
/// any finite u.
inline constexpr double kSineTolerance = 4e-7;

/// REQUIRES: the machine has `level`.
[[nodiscard]] const SnakeKernels& snake_kernels(CpuLevel level);

}  // namespace kilonat::kernels
