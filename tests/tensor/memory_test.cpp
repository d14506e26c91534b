#include "kilonat/tensor/memory.h"

#include <sys/resource.h>

#include <gtest/gtest.h>
#include <torch/types.h>

namespace kilonat::tensor {
namespace {

constexpr std::int64_t kMiB = 1024 * 1024;

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

/// Page faults of a tensor that is made, written and dropped.
long faults_of_a_tensor(std::int64_t bytes) {
  const long before = page_faults();
  (void)torch::ones({bytes}, torch::kUInt8);
  return page_faults() - before;
}

TEST(KeptMemory, IsUsedAgainWithoutPageFaults) {
  keep_freed_memory();
  // The C library would map and unmap this size, with a fault for every 4 KiB each time.
  constexpr std::int64_t kBytes = 96 * kMiB;
  (void)faults_of_a_tensor(kBytes);
  for (int time = 0; time < 3; ++time) EXPECT_LT(faults_of_a_tensor(kBytes), 100);
}

TEST(PeakMemory, CoversWhatWasHeld) {
  const std::int64_t before = peak_memory_bytes();
  const at::Tensor held = torch::ones({before + 64 * kMiB}, torch::kUInt8);
  EXPECT_GE(peak_memory_bytes(), held.numel());
}

TEST(MemoryText, ChoosesItsUnit) {
  EXPECT_EQ(memory_text(0), "0 MiB");
  EXPECT_EQ(memory_text(700 * kMiB), "700 MiB");
  EXPECT_EQ(memory_text(1536 * kMiB), "1.50 GiB");
}

}  // namespace
}  // namespace kilonat::tensor
