#include "kilonat/kernels/cpu.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "kilonat/base/errors.h"

namespace kilonat::kernels {

namespace {

constexpr CpuLevel kAllLevels[] = {
    CpuLevel::kPlain, CpuLevel::kAvx2, CpuLevel::kAvx512, CpuLevel::kAvx512Bf16, CpuLevel::kAmx};

bool is_supported(CpuLevel level) {
#if defined(__x86_64__)
  switch (level) {
    case CpuLevel::kPlain:
      return true;
    case CpuLevel::kAvx2:
      return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    case CpuLevel::kAvx512:
      return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
             __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
    case CpuLevel::kAvx512Bf16:
      return is_supported(CpuLevel::kAvx512) && __builtin_cpu_supports("avx512bf16") != 0;
    case CpuLevel::kAmx:
      return is_supported(CpuLevel::kAvx512Bf16) && __builtin_cpu_supports("amx-tile") != 0 &&
             __builtin_cpu_supports("amx-bf16") != 0;
  }
  return false;
#else
  return level == CpuLevel::kPlain;
#endif
}

void require_supported(CpuLevel level) {
  KILONAT_REQUIRE(is_supported(level),
                  ConfigError,
                  "CPU level '{}': this machine does not have it; its best is '{}'",
                  cpu_level_name(level),
                  cpu_level_name(supported_cpu_levels().back()));
}

/// What KILONAT_CPU holds; empty if nothing.
std::string_view named_level() {
  const char* named = std::getenv("KILONAT_CPU");
  return named == nullptr ? std::string_view() : named;
}

CpuLevel initial_level() {
  const std::string_view named = named_level();
  if (named.empty()) return supported_cpu_levels().back();
  const CpuLevel level = parse_cpu_level(named);
  require_supported(level);
  return level;
}

std::atomic<CpuLevel>& current_level() {
  static std::atomic<CpuLevel> level{initial_level()};
  return level;
}

/// The value of ONEDNN_MAX_CPU_ISA that stands for a level.
const char* library_limit(CpuLevel level) {
  switch (level) {
    case CpuLevel::kPlain:
      return "SSE41";
    case CpuLevel::kAvx2:
      return "AVX2";
    case CpuLevel::kAvx512:
      return "AVX512_CORE_VNNI";
    case CpuLevel::kAvx512Bf16:
      return "AVX512_CORE_BF16";
    case CpuLevel::kAmx:
      return "AVX512_CORE_AMX";
  }
  throw InternalError("CPU level unknown to the library");
}

}  // namespace

std::string_view cpu_level_name(CpuLevel level) {
  switch (level) {
    case CpuLevel::kPlain:
      return "plain";
    case CpuLevel::kAvx2:
      return "avx2";
    case CpuLevel::kAvx512:
      return "avx512";
    case CpuLevel::kAvx512Bf16:
      return "avx512_bf16";
    case CpuLevel::kAmx:
      return "amx";
  }
  throw InternalError("CPU level without a name");
}

CpuLevel parse_cpu_level(std::string_view text) {
  const auto* found = std::find_if(std::begin(kAllLevels),
                                   std::end(kAllLevels),
                                   [&](CpuLevel level) { return cpu_level_name(level) == text; });
  KILONAT_REQUIRE(found != std::end(kAllLevels),
                  ConfigError,
                  "CPU level '{}' is not known: expected plain, avx2, avx512, avx512_bf16 or amx",
                  text);
  return *found;
}

std::vector<CpuLevel> supported_cpu_levels() {
  std::vector<CpuLevel> levels;
  std::copy_if(
      std::begin(kAllLevels), std::end(kAllLevels), std::back_inserter(levels), is_supported);
  return levels;
}

CpuLevel cpu_level() {
  return current_level().load(std::memory_order_relaxed);
}

void set_cpu_level(CpuLevel level) {
  require_supported(level);
  current_level().store(level, std::memory_order_relaxed);
}

void limit_library_to_cpu_level() {
  if (named_level().empty()) return;
  const char* limit = library_limit(cpu_level());
  setenv("ONEDNN_MAX_CPU_ISA", limit, /*replace=*/1);
  setenv("DNNL_MAX_CPU_ISA", limit, /*replace=*/1);  // its name before version 2.7
}

}  // namespace kilonat::kernels
