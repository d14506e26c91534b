#pragma once
/// Analysis windows.

#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace kilonat::dsp {

/// Periodic window of `length` samples, float32 on the CPU: "hann" or "sqrt_hann".
///
/// Source: scipy.signal.get_window(type, length), which audiotools calls. Float64 arithmetic on a
/// window uses these float32 values too, so that both precisions see the same window.
/// @throws ConfigError for another type. REQUIRES: length >= 1.
[[nodiscard]] at::Tensor make_window(std::string_view type, std::int64_t length);

}  // namespace kilonat::dsp
