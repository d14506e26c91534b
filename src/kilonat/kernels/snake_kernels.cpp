#include "kilonat/kernels/snake_kernels.h"

namespace kilonat::kernels {

extern const SnakeKernels kSnakePlain;
extern const SnakeKernels kSnakeAvx2;
extern const SnakeKernels kSnakeAvx512;
extern const SnakeKernels kSnakeAvx512Bf16;

const SnakeKernels& snake_kernels([[maybe_unused]] CpuLevel level) {
#if defined(__x86_64__)
  if (level >= CpuLevel::kAvx512Bf16) return kSnakeAvx512Bf16;
  if (level >= CpuLevel::kAvx512) return kSnakeAvx512;
  if (level == CpuLevel::kAvx2) return kSnakeAvx2;
#endif
  return kSnakePlain;
}

}  // namespace kilonat::kernels
