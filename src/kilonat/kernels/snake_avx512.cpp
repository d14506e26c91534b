#include "kilonat/kernels/simd_avx512.h"
#include "kilonat/kernels/snake_kernel.inl"

namespace kilonat::kernels {

extern const SnakeKernels kSnakeAvx512;
const SnakeKernels kSnakeAvx512 = table_of<Avx512Simd>();

}  // namespace kilonat::kernels
