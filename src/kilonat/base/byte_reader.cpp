#include "kilonat/base/byte_reader.h"

#include <utility>

#include "kilonat/base/errors.h"

namespace kilonat {

ByteReader::ByteReader(std::span<const std::byte> bytes, std::string what)
    : bytes_(bytes), what_(std::move(what)) {}

std::uint8_t ByteReader::u8() {
  return static_cast<std::uint8_t>(little_endian(1));
}
std::uint16_t ByteReader::u16le() {
  return static_cast<std::uint16_t>(little_endian(2));
}
std::uint32_t ByteReader::u32le() {
  return static_cast<std::uint32_t>(little_endian(4));
}
std::uint64_t ByteReader::u64le() {
  return little_endian(8);
}

std::span<const std::byte> ByteReader::bytes(std::uint64_t count) {
  KILONAT_REQUIRE(count <= remaining(),
                  FormatError,
                  "reading {}: {} bytes wanted at byte {}, {} are left; truncated?",
                  what_,
                  count,
                  position_,
                  remaining());
  const auto view = bytes_.subspan(position_, count);
  position_ += count;
  return view;
}

std::string_view ByteReader::text(std::uint64_t count) {
  const auto view = bytes(count);
  return {reinterpret_cast<const char*>(view.data()), view.size()};
}

void ByteReader::skip(std::uint64_t count) {
  static_cast<void>(bytes(count));
}

std::uint64_t ByteReader::little_endian(int num_bytes) {
  std::uint64_t value = 0;
  int shift = 0;
  for (const std::byte byte : bytes(static_cast<std::uint64_t>(num_bytes))) {
    value |= std::to_integer<std::uint64_t>(byte) << shift;
    shift += 8;
  }
  return value;
}

}  // namespace kilonat
