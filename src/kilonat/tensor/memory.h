#pragma once
/// What the program asks of the allocator, and how much memory it took.

#include <cstdint>
#include <string>

namespace kilonat::tensor {

/// Makes the process keep the memory that it frees, in huge pages where the system has them.
///
/// Note [Kept memory]: a training step allocates and frees hundreds of activations of megabytes.
/// By default the C library maps each from the kernel and gives it back, so every step faults in
/// every page again, zeroed; that took up to half of a step. With this policy freed memory stays in
/// the heap for the next step. The peak is unchanged, but it is held until the process ends.
///
/// Call once, first thing in main, before threads start: users set no environment variables.
/// Variables of the C library that the user did set (GLIBC_TUNABLES, MALLOC_*) are overridden.
/// Does nothing where the C library is not glibc.
void keep_freed_memory();

/// Puts what the heap has grown by since keep_freed_memory() into huge pages; cheap, any time.
void use_huge_pages();

/// The most memory that this process held so far, bytes resident; 0 if the system does not say.
[[nodiscard]] std::int64_t peak_memory_bytes();

/// "1.25 GiB" from bytes.
[[nodiscard]] std::string memory_text(std::int64_t bytes);

}  // namespace kilonat::tensor
