#pragma once
/// An 8-bit colour image and the colour map of the spectrograms.

#include <array>
#include <cstdint>
#include <vector>

namespace kilonat {

/// Rows from top to bottom, three bytes a pixel.
struct Image {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::vector<std::uint8_t> rgb;  ///< width * height * 3
};

/// A black image of the given size. REQUIRES: width, height >= 1.
[[nodiscard]] Image make_image(std::int64_t width, std::int64_t height);

/// Colour of `value` in [0, 1] (clamped; NaN is 0) on "magma" of matplotlib, a perceptually even
/// map from black over violet and orange to pale yellow.
[[nodiscard]] std::array<std::uint8_t, 3> magma(double value);

}  // namespace kilonat
