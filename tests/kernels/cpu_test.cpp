#include "kilonat/kernels/cpu.h"

#include <gtest/gtest.h>

#include "kilonat/base/errors.h"

namespace kilonat::kernels {
namespace {

TEST(CpuLevel, NamesAreReadBack) {
  for (const CpuLevel level : {CpuLevel::kPlain,
                               CpuLevel::kAvx2,
                               CpuLevel::kAvx512,
                               CpuLevel::kAvx512Bf16,
                               CpuLevel::kAmx}) {
    EXPECT_EQ(parse_cpu_level(cpu_level_name(level)), level);
  }
}

TEST(CpuLevel, RefusesAnUnknownName) {
  EXPECT_THROW((void)parse_cpu_level("sse9"), ConfigError);
}

TEST(CpuLevel, PlainIsAlwaysThere) {
  EXPECT_EQ(supported_cpu_levels().front(), CpuLevel::kPlain);
}

TEST(CpuLevel, CanBeLoweredAndRaisedAgain) {
  const CpuLevel before = cpu_level();
  for (const CpuLevel level : supported_cpu_levels()) {
    set_cpu_level(level);
    EXPECT_EQ(cpu_level(), level);
  }
  set_cpu_level(before);
}

}  // namespace
}  // namespace kilonat::kernels
