#pragma once
/// What the program asks of the allocator, and how much memory it took.

#include <cstdint>
#include <string>

namespace kilonat::tensor {

/// Makes CPU tensors use memory that is kept when freed (block_cache.h, Note [Kept memory]).
///
/// Call once, first thing in main, before any tensor and any thread: users set no environment
/// variables. Small tensors stay with the C library.
void keep_freed_memory();

/// The most memory that this process held so far, bytes resident; 0 if the system does not say.
[[nodiscard]] std::int64_t peak_memory_bytes();

/// "1.25 GiB" from bytes.
[[nodiscard]] std::string memory_text(std::int64_t bytes);

}  // namespace kilonat::tensor
