#include "kilonat/base/png.h"

#include <cstring>

#include <png.h>

#include "kilonat/base/errors.h"

namespace kilonat {

namespace {

// libpng's simplified interface: frees what a png_image holds.
struct ImageGuard {
  png_image image{};
  ImageGuard() { image.version = PNG_IMAGE_VERSION; }
  ~ImageGuard() { png_image_free(&image); }
  ImageGuard(const ImageGuard&) = delete;
  ImageGuard& operator=(const ImageGuard&) = delete;
};

constexpr std::int64_t kMaxSide = 1 << 16;  // keeps a lying header from a huge allocation

}  // namespace

std::vector<std::byte> encode_png(const Image& image) {
  const auto num_bytes = static_cast<std::size_t>(image.width * image.height * 3);
  KILONAT_REQUIRE(image.width > 0 && image.height > 0 && image.rgb.size() == num_bytes,
                  InternalError,
                  "encoding a PNG: {} x {} pixels with {} bytes",
                  image.width,
                  image.height,
                  image.rgb.size());
  ImageGuard guard;
  guard.image.width = static_cast<png_uint_32>(image.width);
  guard.image.height = static_cast<png_uint_32>(image.height);
  guard.image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(guard.image);
  std::vector<std::byte> file(size);
  const int ok =
      png_image_write_to_memory(&guard.image, file.data(), &size, 0, image.rgb.data(), 0, nullptr);
  KILONAT_REQUIRE(ok != 0, InternalError, "encoding a PNG: {}", guard.image.message);
  file.resize(size);
  return file;
}

Image decode_png(std::span<const std::byte> bytes) {
  ImageGuard guard;
  const int began = png_image_begin_read_from_memory(&guard.image, bytes.data(), bytes.size());
  KILONAT_REQUIRE(began != 0, FormatError, "reading a PNG: {}", guard.image.message);
  KILONAT_REQUIRE(guard.image.width <= kMaxSide && guard.image.height <= kMaxSide,
                  FormatError,
                  "reading a PNG: {} x {} pixels, at most {} a side expected",
                  guard.image.width,
                  guard.image.height,
                  kMaxSide);
  guard.image.format = PNG_FORMAT_RGB;
  Image image = make_image(guard.image.width, guard.image.height);
  const int ok = png_image_finish_read(&guard.image, nullptr, image.rgb.data(), 0, nullptr);
  KILONAT_REQUIRE(ok != 0, FormatError, "reading a PNG: {}", guard.image.message);
  return image;
}

}  // namespace kilonat
