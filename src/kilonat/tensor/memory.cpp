#include "kilonat/tensor/memory.h"

#include <sys/resource.h>

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <torch/version.h>

#include "kilonat/tensor/block_cache.h"

// From libtorch 2.3 on allocate() is not const and there is a copy_data().
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
#define KILONAT_ALLOCATE_CONST
#define KILONAT_HAS_COPY_DATA
#else
#define KILONAT_ALLOCATE_CONST const
#endif

namespace kilonat::tensor {

namespace {

/// Never destroyed: tensors may outlive everything else.
BlockCache& block_cache() {
  static auto* cache = new BlockCache();
  return *cache;
}

/// libtorch's CPU allocator on a BlockCache.
class KeepingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t size) KILONAT_ALLOCATE_CONST override {
    if (size == 0) return {nullptr, c10::Device(c10::kCPU)};
    void* block = block_cache().allocate(size);
    TORCH_CHECK(block != nullptr,
                "out of memory: tried to allocate ",
                memory_text(static_cast<std::int64_t>(size)));
    return {block, block, free_block, c10::Device(c10::kCPU)};
  }
  [[nodiscard]] c10::DeleterFnPtr raw_deleter() const override { return free_block; }
#if defined(KILONAT_HAS_COPY_DATA)
  void copy_data(void* to, const void* from, std::size_t size) const override {
    default_copy_data(to, from, size);
  }
#endif

 private:
  static void free_block(void* block) {
    block_cache().free(block);
  }
};

}  // namespace

void keep_freed_memory() {
  static KeepingAllocator allocator;
  c10::SetCPUAllocator(&allocator, /*priority=*/1);
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
