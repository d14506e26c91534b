#pragma once
/// One float as a vector of one: what every machine can do, and the compiler may vectorise.

#include <cmath>
#include <cstdint>

namespace kilonat::kernels {

struct PlainSimd {
  using Vector = float;
  static constexpr std::int64_t kWidth = 1;

  static Vector load(const float* from) { return *from; }
  static void store(float* to, Vector v) { *to = v; }
  static Vector set(float v) { return v; }
  /// a * b + c.
  static Vector fma(Vector a, Vector b, Vector c) { return a * b + c; }
  /// c - a * b, rounded once: the range reduction of sine rests on it.
  static Vector fused_subtract_product(Vector a, Vector b, Vector c) {
    return static_cast<float>(static_cast<double>(c) -
                              static_cast<double>(a) * static_cast<double>(b));
  }
  static Vector round(Vector v) { return std::nearbyint(v); }
  /// Whether |v| > limit in any element; false for NaN.
  static bool any_beyond(Vector v, float limit) { return std::fabs(v) > limit; }
};

}  // namespace kilonat::kernels
