#include "kilonat/tensor/block_cache.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <sys/mman.h>

namespace kilonat::tensor {

namespace {

constexpr std::size_t kHugePage = std::size_t{1} << 21U;
constexpr std::size_t kPage = 4096;
/// In front of every block: the size of its mapping, 0 if it is the C library's. Keeps the block's
/// alignment.
constexpr std::size_t kHeader = 64;
constexpr std::size_t kSmallest = std::size_t{32} << 10U;  // below, bytes: left to the C library
/// So much may lie unused whatever is in use, bytes.
constexpr std::size_t kAlwaysCached = std::size_t{256} << 20U;

std::size_t round_up(std::size_t size, std::size_t multiple) {
  return (size + multiple - 1) / multiple * multiple;
}

/// Sizes in steps of an eighth or less, so that blocks fit again; large ones in whole huge pages.
std::size_t mapping_size(std::size_t size) {
  const std::size_t whole = size + kHeader;
  std::size_t step = kPage;
  while (step * 16 < whole) step *= 2;
  return round_up(whole, whole >= 4 * kHugePage ? std::max(step, kHugePage) : step);
}

/// A mapping that starts on a huge page, if it is large; null if there is no memory.
void* map_memory(std::size_t size) {
  const std::size_t alignment = size >= kHugePage ? kHugePage : kPage;
  const std::size_t reserved = size + alignment - kPage;
  void* start = mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  const auto address = reinterpret_cast<std::uintptr_t>(start);
  const std::size_t before = round_up(address, alignment) - address;
  char* aligned = static_cast<char*>(start) + before;
  if (before > 0) munmap(start, before);
  if (reserved > before + size) munmap(aligned + size, reserved - before - size);
#if defined(MADV_HUGEPAGE)
  // A hint: without transparent huge pages nothing changes.
  if (alignment == kHugePage) (void)madvise(aligned, size, MADV_HUGEPAGE);
#endif
  return aligned;
}

std::size_t& header_of(void* start) {
  return *static_cast<std::size_t*>(start);
}

void* after_header(void* start) {
  return static_cast<char*>(start) + kHeader;
}

void* allocate_small(std::size_t size) {
  void* start = std::aligned_alloc(kHeader, round_up(size + kHeader, kHeader));
  if (start == nullptr) return nullptr;
  header_of(start) = 0;
  return after_header(start);
}

}  // namespace

BlockCache::~BlockCache() {
  shrink_to(0);
}

void* BlockCache::allocate(std::size_t size) {
  if (size < kSmallest) return allocate_small(size);
  const std::size_t wanted = mapping_size(size);
  const std::lock_guard lock(mutex_);
  void* start = take_cached(wanted);
  if (start == nullptr) {
    shrink_to(std::max(usage_.used_bytes, kAlwaysCached));
    start = map_memory(wanted);
    if (start == nullptr) {
      shrink_to(0);
      start = map_memory(wanted);
    }
    if (start == nullptr) return nullptr;
    header_of(start) = wanted;
  }
  usage_.used_bytes += header_of(start);
  return after_header(start);
}

void BlockCache::free(void* block) {
  if (block == nullptr) return;
  void* start = static_cast<char*>(block) - kHeader;
  const std::size_t size = header_of(start);
  if (size == 0) {
    std::free(start);
    return;
  }
  const std::lock_guard lock(mutex_);
  cached_.emplace(size, start);
  usage_.used_bytes -= size;
  usage_.cached_bytes += size;
}

BlockCache::Usage BlockCache::usage() const {
  const std::lock_guard lock(mutex_);
  return usage_;
}

void* BlockCache::take_cached(std::size_t size) {
  const auto found = cached_.lower_bound(size);
  if (found == cached_.end() || found->first > size + size / 4) return nullptr;
  // Of several the one freed last: some of it may still lie in the CPU's caches.
  const auto latest = std::prev(cached_.upper_bound(found->first));
  void* start = latest->second;
  usage_.cached_bytes -= latest->first;
  cached_.erase(latest);
  return start;
}

void BlockCache::shrink_to(std::size_t limit) {
  while (usage_.cached_bytes > limit && !cached_.empty()) {
    const auto largest = std::prev(cached_.end());
    munmap(largest->second, largest->first);
    usage_.cached_bytes -= largest->first;
    cached_.erase(largest);
  }
}

}  // namespace kilonat::tensor
