#pragma once
/// Eight floats. Only for files compiled with -mavx2 -mfma.

#include <cstdint>
#include <immintrin.h>

namespace kilonat::kernels {

struct Avx2Simd {
  using Vector = __m256;
  static constexpr std::int64_t kWidth = 8;

  static Vector load(const float* from) { return _mm256_loadu_ps(from); }
  static void store(float* to, Vector v) { _mm256_storeu_ps(to, v); }
  static Vector set(float v) { return _mm256_set1_ps(v); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
  static Vector fused_subtract_product(Vector a, Vector b, Vector c) {
    return _mm256_fnmadd_ps(a, b, c);
  }
  static Vector round(Vector v) {
    return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static bool any_beyond(Vector v, float limit) {
    const Vector magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0F), v);
    return _mm256_movemask_ps(_mm256_cmp_ps(magnitude, _mm256_set1_ps(limit), _CMP_GT_OQ)) != 0;
  }
};

}  // namespace kilonat::kernels
