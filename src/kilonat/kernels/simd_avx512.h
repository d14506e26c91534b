#pragma once
/// Sixteen floats. Only for files compiled with -mavx512f.

#include <cstdint>
#include <immintrin.h>

namespace kilonat::kernels {

struct Avx512Simd {
  using Vector = __m512;
  static constexpr std::int64_t kWidth = 16;

  static Vector load(const float* from) { return _mm512_loadu_ps(from); }
  static void store(float* to, Vector v) { _mm512_storeu_ps(to, v); }
  static Vector set(float v) { return _mm512_set1_ps(v); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
  static Vector fused_subtract_product(Vector a, Vector b, Vector c) {
    return _mm512_fnmadd_ps(a, b, c);
  }
  static Vector round(Vector v) {
    return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static bool any_beyond(Vector v, float limit) {
    return _mm512_cmp_ps_mask(_mm512_abs_ps(v), _mm512_set1_ps(limit), _CMP_GT_OQ) != 0;
  }
};

}  // namespace kilonat::kernels
