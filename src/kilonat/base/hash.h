#pragma once
/// FNV-1a, 64 bits: a stable, platform-independent hash for splits, names and config digests.
/// Not for security.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kilonat {

inline constexpr std::uint64_t kFnvOffsetBasis = 0xcbf29ce484222325ULL;

/// Hash of the bytes of `text`; pass an earlier result as `start` to hash several pieces as one.
[[nodiscard]] std::uint64_t fnv1a_64(std::string_view text, std::uint64_t start = kFnvOffsetBasis);

/// The same over raw bytes.
[[nodiscard]] std::uint64_t fnv1a_64(std::span<const std::byte> bytes,
                                     std::uint64_t start = kFnvOffsetBasis);

}  // namespace kilonat
