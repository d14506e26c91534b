#include "kilonat/kernels/precision.h"

#include "kilonat/base/errors.h"
#include "kilonat/kernels/cpu.h"

namespace kilonat::kernels {

std::string_view precision_name(Precision precision) {
  return precision == Precision::kBf16 ? "bf16" : "fp32";
}

Precision parse_precision(std::string_view text) {
  KILONAT_REQUIRE(text == "fp32" || text == "bf16" || text == "auto",
                  ConfigError,
                  "precision '{}' is not known: expected fp32, bf16 or auto",
                  text);
  const bool is_fast = cpu_level() >= CpuLevel::kAvx512Bf16;
  return text == "bf16" || (text == "auto" && is_fast) ? Precision::kBf16 : Precision::kFp32;
}

c10::ScalarType activation_type(Precision precision) {
  return precision == Precision::kBf16 ? c10::kBFloat16 : c10::kFloat;
}

}  // namespace kilonat::kernels
