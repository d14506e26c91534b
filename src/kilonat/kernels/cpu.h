#pragma once
/// Which instructions the kernels of this layer use; chosen when the program runs. No torch.

#include <string_view>
#include <vector>

namespace kilonat::kernels {

/// From the plainest up; every level can do what those before it can.
enum class CpuLevel { kPlain, kAvx2, kAvx512 };

/// "plain", "avx2" (with FMA) or "avx512" (F, BW, DQ, VL).
[[nodiscard]] std::string_view cpu_level_name(CpuLevel level);
/// @throws ConfigError for another text.
[[nodiscard]] CpuLevel parse_cpu_level(std::string_view text);

/// Every level that this machine and this build have, plainest first.
[[nodiscard]] std::vector<CpuLevel> supported_cpu_levels();

/// The level in use: at first the machine's best, or what the environment variable KILONAT_CPU
/// names.
/// @throws ConfigError, on the first call, if KILONAT_CPU names no level or one the machine lacks.
[[nodiscard]] CpuLevel cpu_level();
/// @throws ConfigError if the machine lacks it.
void set_cpu_level(CpuLevel level);

}  // namespace kilonat::kernels
