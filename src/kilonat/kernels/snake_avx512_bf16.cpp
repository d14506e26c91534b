#include "kilonat/kernels/simd_avx512_bf16.h"
#include "kilonat/kernels/snake_kernel.inl"

namespace kilonat::kernels {

extern const SnakeKernels kSnakeAvx512Bf16;
const SnakeKernels kSnakeAvx512Bf16 = table_of<Avx512Bf16Simd>();

}  // namespace kilonat::kernels
