#include "kilonat/base/hash.h"

namespace kilonat {

namespace {
constexpr std::uint64_t kFnvPrime = 0x100000001b3ULL;
}

std::uint64_t fnv1a_64(std::string_view text, std::uint64_t start) {
  return fnv1a_64(std::as_bytes(std::span(text.data(), text.size())), start);
}

std::uint64_t fnv1a_64(std::span<const std::byte> bytes, std::uint64_t start) {
  std::uint64_t hash = start;
  for (const std::byte byte : bytes) {
    hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * kFnvPrime;
  }
  return hash;
}

}  // namespace kilonat
