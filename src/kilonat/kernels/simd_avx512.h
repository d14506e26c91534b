#pragma once
/// Sixteen floats. Only for files compiled with -mavx512f.

#include <cstdint>
#include <immintrin.h>

#include "kilonat/kernels/snake_kernels.h"

namespace kilonat::kernels {

struct Avx512Simd {
  using Vector = __m512;
  static constexpr std::int64_t kWidth = 16;

  static Vector load(const float* from) { return _mm512_loadu_ps(from); }
  static void store(float* to, Vector v) { _mm512_storeu_ps(to, v); }
  static Vector load(const Bf16* from) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
  static void store(Bf16* to, Vector v) {
    const __m512i bits = _mm512_castps_si512(v);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i half = _mm512_add_epi32(_mm512_set1_epi32(0x7fff), odd);
    const __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(bits, half), 16);
    const __mmask16 is_nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    const __m512i result = _mm512_mask_mov_epi32(rounded, is_nan, _mm512_set1_epi32(0x7fc0));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16(result));
  }
  static Vector set(float v) { return _mm512_set1_ps(v); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
  static Vector fused_subtract_product(Vector a, Vector b, Vector c) {
    return _mm512_fnmadd_ps(a, b, c);
  }
  static Vector round(Vector v) {
    return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static Vector larger_magnitude(Vector v, Vector than) {
    return _mm512_max_ps(_mm512_abs_ps(v), than);
  }
  static bool any_beyond(Vector v, float limit) {
    return _mm512_cmp_ps_mask(_mm512_abs_ps(v), _mm512_set1_ps(limit), _CMP_GT_OQ) != 0;
  }
};

}  // namespace kilonat::kernels
