#pragma once
/// Images as PNG files.

#include <cstddef>
#include <span>
#include <vector>

#include "kilonat/base/image.h"

namespace kilonat {

/// The PNG file of an image, 8-bit RGB. @throws InternalError if `rgb` does not fit the size.
[[nodiscard]] std::vector<std::byte> encode_png(const Image& image);

/// The image of a PNG file of any kind, converted to 8-bit RGB (alpha dropped).
/// @throws FormatError if it is no PNG or is truncated.
[[nodiscard]] Image decode_png(std::span<const std::byte> bytes);

}  // namespace kilonat
