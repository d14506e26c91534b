#pragma once
/// Little-endian numbers appended to a byte string: the counterpart of byte_reader.h.

#include <cstdint>
#include <string>

namespace kilonat {

/// Appends the low `num_bytes` (1 to 8) bytes of `value`, least significant first.
inline void append_le(std::string& out, std::uint64_t value, int num_bytes) {
  for (int i = 0; i < num_bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

}  // namespace kilonat
