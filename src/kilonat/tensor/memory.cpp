#include "kilonat/tensor/memory.h"

#include <cstdlib>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <fmt/format.h>

namespace kilonat::tensor {

namespace {

#if defined(__GLIBC__)

constexpr int kNeverMap = 0;                 // M_MMAP_MAX: no allocation of its own mapping
constexpr int kNeverTrim = -1;               // M_TRIM_THRESHOLD
constexpr int kGrowBy = 1 << 30;             // M_TOP_PAD, bytes: address space, not yet memory
constexpr std::size_t kBeyondTop = 1 << 20;  // an allocation that makes the heap grow, bytes
constexpr std::uintptr_t kHugePage = 2 * 1024 * 1024;

/// The heap's end when it was last advised; 0: keep_freed_memory() was not called.
std::uintptr_t& advised_until() {
  static std::uintptr_t end = 0;
  return end;
}

std::uintptr_t heap_end() {
  return reinterpret_cast<std::uintptr_t>(sbrk(0));
}

#endif

}  // namespace

void keep_freed_memory() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_MAX, kNeverMap);
  mallopt(M_TRIM_THRESHOLD, kNeverTrim);
  mallopt(M_TOP_PAD, kGrowBy);
  advised_until() = heap_end();
  std::free(std::malloc(kBeyondTop));
  use_huge_pages();
#endif
}

void use_huge_pages() {
#if defined(__GLIBC__) && defined(MADV_HUGEPAGE)
  const std::uintptr_t end = heap_end();
  if (advised_until() == 0) return;
  const std::uintptr_t begin = (advised_until() + kHugePage - 1) / kHugePage * kHugePage;
  if (end <= begin) return;
  // A hint: without transparent huge pages nothing changes.
  (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
  advised_until() = end;
#endif
}

std::int64_t peak_memory_bytes() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
#if defined(__APPLE__)
  return usage.ru_maxrss;
#else
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
#endif
}

std::string memory_text(std::int64_t bytes) {
  constexpr double kMiB = 1024.0 * 1024.0;
  const double mebibytes = static_cast<double>(bytes) / kMiB;
  return mebibytes < 1024 ? fmt::format("{:.0f} MiB", mebibytes)
                          : fmt::format("{:.2f} GiB", mebibytes / 1024);
}

}  // namespace kilonat::tensor
