#include "kilonat/kernels/simd_plain.h"
#include "kilonat/kernels/snake_kernel.inl"

namespace kilonat::kernels {

extern const SnakeKernels kSnakePlain;
const SnakeKernels kSnakePlain = table_of<PlainSimd>();

}  // namespace kilonat::kernels
