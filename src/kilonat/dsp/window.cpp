#include "kilonat/dsp/window.h"

#include <cmath>
#include <numbers>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"

namespace kilonat::dsp {

at::Tensor make_window(std::string_view type, std::int64_t length) {
  const bool is_root = type == "sqrt_hann";
  KILONAT_REQUIRE(
      is_root || type == "hann", ConfigError, "window type '{}': expected hann or sqrt_hann", type);
  at::Tensor window = at::empty({length}, at::kFloat);
  auto values = window.accessor<float, 1>();
  for (std::int64_t i = 0; i < length; ++i) {
    const double phase =
        2.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(length);
    const double hann = 0.5 - 0.5 * std::cos(phase);
    values[i] = static_cast<float>(is_root ? std::sqrt(hann) : hann);
  }
  return window;
}

}  // namespace kilonat::dsp
