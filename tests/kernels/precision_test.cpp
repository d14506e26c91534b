#include "kilonat/kernels/precision.h"

#include <gtest/gtest.h>

#include "kilonat/base/errors.h"
#include "kilonat/kernels/cpu.h"

namespace kilonat::kernels {
namespace {

TEST(Precision, NamesAreReadBack) {
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    EXPECT_EQ(parse_precision(precision_name(precision)), precision);
  }
  EXPECT_THROW((void)parse_precision("fp16"), ConfigError);
}

TEST(Precision, AutoIsBf16OnlyWhereTheCpuMultipliesIt) {
  const CpuLevel before = cpu_level();
  for (const CpuLevel level : supported_cpu_levels()) {
    set_cpu_level(level);
    const bool multiplies = level == CpuLevel::kAvx512Bf16 || level == CpuLevel::kAmx;
    EXPECT_EQ(parse_precision("auto"), multiplies ? Precision::kBf16 : Precision::kFp32)
        << cpu_level_name(level);
  }
  set_cpu_level(before);
}

}  // namespace
}  // namespace kilonat::kernels
