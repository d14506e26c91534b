#pragma once
/// One float as a vector of one: what every machine can do, and the compiler may vectorise.

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kilonat/kernels/snake_kernels.h"

namespace kilonat::kernels {

struct PlainSimd {
  using Vector = float;
  static constexpr std::int64_t kWidth = 1;

  static Vector load(const float* from) { return *from; }
  static void store(float* to, Vector v) { *to = v; }
  static Vector load(const Bf16* from) {
    const std::uint32_t bits = static_cast<std::uint32_t>(from->bits) << 16U;
    float v = 0;
    std::memcpy(&v, &bits, sizeof(v));
    return v;
  }
  static void store(Bf16* to, Vector v) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &v, sizeof(bits));
    const std::uint32_t rounded = (bits + 0x7fffU + ((bits >> 16U) & 1U)) >> 16U;
    to->bits = static_cast<std::uint16_t>(v != v ? 0x7fc0U : rounded);
  }
  static Vector set(float v) { return v; }
  /// a * b + c.
  static Vector fma(Vector a, Vector b, Vector c) { return a * b + c; }
  /// c - a * b, rounded once: the range reduction of sine rests on it.
  static Vector fused_subtract_product(Vector a, Vector b, Vector c) {
    return static_cast<float>(static_cast<double>(c) -
                              static_cast<double>(a) * static_cast<double>(b));
  }
  static Vector round(Vector v) { return std::nearbyint(v); }
  /// The larger of |v| and `than`; `than` where v is NaN.
  static Vector larger_magnitude(Vector v, Vector than) {
    const float magnitude = std::fabs(v);
    return magnitude > than ? magnitude : than;
  }
  /// Whether |v| > limit in any element; false for NaN.
  static bool any_beyond(Vector v, float limit) { return std::fabs(v) > limit; }
};

}  // namespace kilonat::kernels
