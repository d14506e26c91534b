#pragma once
/// Eight floats. Only for files compiled with -mavx2 -mfma.

#include <cstdint>
#include <immintrin.h>

#include "kilonat/kernels/snake_kernels.h"

namespace kilonat::kernels {

struct Avx2Simd {
  using Vector = __m256;
  static constexpr std::int64_t kWidth = 8;

  static Vector load(const float* from) { return _mm256_loadu_ps(from); }
  static void store(float* to, Vector v) { _mm256_storeu_ps(to, v); }
  static Vector load(const Bf16* from) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
  static void store(Bf16* to, Vector v) {
    const __m256i bits = _mm256_castps_si256(v);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i half = _mm256_add_epi32(_mm256_set1_epi32(0x7fff), odd);
    const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, half), 16);
    const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    const __m256i result = _mm256_blendv_epi8(rounded, _mm256_set1_epi32(0x7fc0), is_nan);
    // Packing works within halves of 128 bits: bring both to the front.
    const __m256i packed =
        _mm256_permute4x64_epi64(_mm256_packus_epi32(result, result), _MM_SHUFFLE(3, 1, 2, 0));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(packed));
  }
  static Vector set(float v) { return _mm256_set1_ps(v); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
  static Vector fused_subtract_product(Vector a, Vector b, Vector c) {
    return _mm256_fnmadd_ps(a, b, c);
  }
  static Vector round(Vector v) {
    return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static Vector larger_magnitude(Vector v, Vector than) {
    return _mm256_max_ps(_mm256_andnot_ps(_mm256_set1_ps(-0.0F), v), than);
  }
  static bool any_beyond(Vector v, float limit) {
    const Vector magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0F), v);
    return _mm256_movemask_ps(_mm256_cmp_ps(magnitude, _mm256_set1_ps(limit), _CMP_GT_OQ)) != 0;
  }
};

}  // namespace kilonat::kernels
