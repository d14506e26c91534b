#include "kilonat/kernels/simd_avx2.h"
#include "kilonat/kernels/snake_kernel.inl"

namespace kilonat::kernels {

extern const SnakeKernels kSnakeAvx2;
const SnakeKernels kSnakeAvx2 = table_of<Avx2Simd>();

}  // namespace kilonat::kernels
