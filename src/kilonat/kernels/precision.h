#pragma once
/// The type in which activations are kept and convolutions multiply.

#include <string_view>

#include <c10/core/ScalarType.h>

namespace kilonat::kernels {

/// Note [Precision]: with kBf16 the activations between the first and the last layer of encoder,
/// decoder and discriminators are bfloat16: half the memory, and on CPUs with instructions for it
/// twice (AVX512-BF16) to many times (AMX) the rate of multiplication. Products are summed in
/// float32. Parameters, their gradients' sums, weight norm, bottleneck, losses and optimiser stay
/// float32; weights are rounded for the multiplication alone. Each rounding costs up to a relative
/// 2^-8.
enum class Precision { kFp32, kBf16 };

/// "fp32" or "bf16".
[[nodiscard]] std::string_view precision_name(Precision precision);

/// "fp32", "bf16" or "auto", which is what this CPU is faster at: bf16 if cpu_level() has
/// instructions for it, else fp32.
/// @throws ConfigError for another text.
[[nodiscard]] Precision parse_precision(std::string_view text);

/// float32 or bfloat16.
[[nodiscard]] c10::ScalarType activation_type(Precision precision);

}  // namespace kilonat::kernels
