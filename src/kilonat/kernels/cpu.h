#pragma once
/// Which instructions the kernels of this layer use; chosen when the program runs. No torch.

#include <string_view>
#include <vector>

namespace kilonat::kernels {

/// From the plainest up; every level can do what those before it can.
///
/// The kernels written here know the first four, the fourth for rounding to bf16. The last two are
/// about the library's convolutions in bf16: with instructions for its products, and with the
/// matrix unit.
enum class CpuLevel { kPlain, kAvx2, kAvx512, kAvx512Bf16, kAmx };

/// "plain", "avx2" (with FMA), "avx512" (F, BW, DQ, VL), "avx512_bf16" or "amx" (tiles of bf16).
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

/// Holds oneDNN, which convolves for us, to cpu_level(), if KILONAT_CPU asks for one.
///
/// It reads its limit once: call before the first convolution, in main.
/// @throws ConfigError as cpu_level().
void limit_library_to_cpu_level();

}  // namespace kilonat::kernels
