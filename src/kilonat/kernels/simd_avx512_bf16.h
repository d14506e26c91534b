#pragma once
/// As Avx512Simd, with the instruction that rounds to bf16. Only for files compiled with
/// -mavx512bf16.

#include "kilonat/kernels/simd_avx512.h"

namespace kilonat::kernels {

struct Avx512Bf16Simd : Avx512Simd {
  using Avx512Simd::store;
  /// To the nearest, ties to even; what is below 2^-126 becomes 0.
  static void store(Bf16* to, Vector v) {
    const __m256bh rounded = _mm512_cvtneps_pbh(v);
    __builtin_memcpy(to, &rounded, sizeof(rounded));
  }
};

}  // namespace kilonat::kernels
