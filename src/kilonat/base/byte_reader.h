#pragma once
/// A bounds-checked little-endian reader over bytes that nobody vouches for.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kilonat {

/// Reads a file format from memory; every read past the end throws FormatError, never reads wild.
///
/// Does not own the bytes: they must outlive the reader and the spans it returns.
class ByteReader {
 public:
  /// @param what  names the input in errors, for example "checkpoint 'a.safetensors'".
  ByteReader(std::span<const std::byte> bytes, std::string what);

  /// @throws FormatError at the end of the bytes (these and all reads below).
  [[nodiscard]] std::uint8_t u8();
  [[nodiscard]] std::uint16_t u16le();
  [[nodiscard]] std::uint32_t u32le();
  [[nodiscard]] std::uint64_t u64le();
  /// The next `count` bytes, a view into the input.
  [[nodiscard]] std::span<const std::byte> bytes(std::uint64_t count);
  /// The next `count` bytes as characters, a view into the input.
  [[nodiscard]] std::string_view text(std::uint64_t count);
  void skip(std::uint64_t count);

  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] std::uint64_t remaining() const { return bytes_.size() - position_; }
  [[nodiscard]] const std::string& what() const { return what_; }

 private:
  std::uint64_t little_endian(int num_bytes);

  std::span<const std::byte> bytes_;
  std::uint64_t position_ = 0;
  std::string what_;
};

}  // namespace kilonat
