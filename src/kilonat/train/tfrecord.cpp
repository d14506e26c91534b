#include "kilonat/train/tfrecord.h"

#include <array>
#include <bit>

#include "kilonat/base/byte_writer.h"

namespace kilonat::train {

namespace {

constexpr std::uint32_t kCastagnoliReversed = 0x82f63b78U;
constexpr std::uint32_t kMaskDelta = 0xa282ead8U;  // TensorFlow, lib/hash/crc32c.h

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kCastagnoliReversed : 0);
    table[byte] = crc;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  }
  return ~crc;
}

std::uint32_t masked_crc32c(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + kMaskDelta;
}

std::string tfrecord(std::string_view data) {
  std::string length;
  append_le(length, data.size(), 8);
  std::string record = length;
  append_le(record, masked_crc32c(length), 4);
  record += data;
  append_le(record, masked_crc32c(data), 4);
  return record;
}

}  // namespace kilonat::train
