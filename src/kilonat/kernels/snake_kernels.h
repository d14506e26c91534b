#pragma once
/// Snake over plain arrays, one function table per CPU level. No torch.
///
/// A *run* is a stretch of elements whose per-channel values repeat with a period: `a[i % period]`.
/// Channels-last data has the channels themselves as the period; a row of channels-first data has
/// one value, repeated.

#include <cstdint>

#include "kilonat/kernels/cpu.h"

namespace kilonat::kernels {

/// Periods are multiples of this many floats: the widest vector of any level.
inline constexpr std::int64_t kPeriodMultiple = 16;

/// The upper half of a float32: 8 bits of exponent, 7 of mantissa. Laid out as torch's.
struct Bf16 {
  std::uint16_t bits = 0;
};

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

/// The loops for one type of element. Whatever it is, the arithmetic between load and store is
/// float32; bf16 results are rounded to nearest, ties to even.
template <typename Element>
struct SnakeLoops {
  /// sum = x + h and y = snake(sum), for `size` elements that start at position 0 of the period.
  /// `h` null: sum = x, and `sum` is not written. `y` may be `x`, `sum` may be `x` or `h`.
  void (*forward)(const Element* x,
                  const Element* h,
                  Element* sum,
                  Element* y,
                  std::int64_t size,
                  const SnakeTable& table);
  /// grad_x = grad_sum + grad_y dy/dx and the sums for the gradients of a and b.
  /// `grad_sum` null: counts as zero.
  void (*backward)(const Element* x,
                   const Element* grad_y,
                   const Element* grad_sum,
                   Element* grad_x,
                   std::int64_t size,
                   const SnakeTable& table,
                   const SnakeSums& sums);
};

struct SnakeKernels {
  SnakeLoops<float> fp32;
  SnakeLoops<Bf16> bf16;

  template <typename Element>
  [[nodiscard]] const SnakeLoops<Element>& loops() const {
    if constexpr (sizeof(Element) == sizeof(Bf16)) {
      return bf16;
    } else {
      return fp32;
    }
  }
};

/// Largest error of sin(u)^2 and sin(2u), absolute, against exact values of the float u; any level,
/// any finite u.
inline constexpr double kSineTolerance = 4e-7;

/// REQUIRES: the machine has `level`.
[[nodiscard]] const SnakeKernels& snake_kernels(CpuLevel level);

}  // namespace kilonat::kernels
