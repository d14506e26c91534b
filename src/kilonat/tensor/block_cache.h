#pragma once
/// Large blocks of memory that are kept when freed, for the next that asks. No torch.

#include <cstddef>
#include <map>
#include <mutex>

namespace kilonat::tensor {

/// Blocks come from the kernel in huge pages where it has them, and go back to it only when more is
/// cached than is in use (and than 256 MiB). Small ones are the C library's. Thread-safe.
///
/// Note [Kept memory]: a training step allocates and frees hundreds of activations of megabytes.
/// The C library maps each from the kernel and gives it back, so every step faults in every page
/// again, zeroed: a third of the time of a forward pass. Its own settings to keep memory
/// (M_MMAP_THRESHOLD and so on) do not help in glibc 2.36: an aligned block, once freed, is too
/// small for an aligned block of the same size.
class BlockCache {
 public:
  BlockCache() = default;
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;
  ~BlockCache();

  /// At least `size` bytes, 64-byte aligned, of any content; null if there is no memory.
  void* allocate(std::size_t size);
  /// Gives back what allocate() gave.
  void free(void* block);

  struct Usage {
    std::size_t used_bytes = 0;    ///< handed out
    std::size_t cached_bytes = 0;  ///< kept for the next
  };
  [[nodiscard]] Usage usage() const;

 private:
  /// The smallest cached block of at least `size` bytes that does not waste much; null if none.
  void* take_cached(std::size_t size);
  /// Unmaps cached blocks, largest first, until at most `limit` bytes are cached.
  void shrink_to(std::size_t limit);

  mutable std::mutex mutex_;
  std::multimap<std::size_t, void*> cached_;  // mapped size to start of the mapping
  Usage usage_;
};

}  // namespace kilonat::tensor
