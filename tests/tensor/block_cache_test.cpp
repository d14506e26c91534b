#include "kilonat/tensor/block_cache.h"

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace kilonat::tensor {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;

TEST(BlockCache, GivesAlignedWritableBlocksOfEverySize) {
  BlockCache cache;
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{32767}, std::size_t{32768}, 3 * kMiB + 1, 70 * kMiB}) {
    void* block = cache.allocate(size);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 64, 0U);
    std::memset(block, 1, size);
    cache.free(block);
  }
}

TEST(BlockCache, HandsOutAFreedBlockAgain) {
  BlockCache cache;
  void* block = cache.allocate(5 * kMiB);
  cache.free(block);
  EXPECT_EQ(cache.allocate(5 * kMiB - 1000), block);
  EXPECT_NE(cache.allocate(5 * kMiB), block);
}

TEST(BlockCache, DoesNotWasteALargeBlockOnASmallOne) {
  BlockCache cache;
  void* block = cache.allocate(64 * kMiB);
  cache.free(block);
  EXPECT_NE(cache.allocate(kMiB), block);
}

TEST(BlockCache, KeepsNoMoreThanIsInUseOrAQuarterOfAGibibyte) {
  BlockCache cache;
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < 16; ++i) blocks.push_back(cache.allocate((40 + 11 * i) * kMiB));
  EXPECT_GT(cache.usage().used_bytes, 1900 * kMiB);
  for (void* block : blocks) cache.free(block);
  EXPECT_EQ(cache.usage().used_bytes, 0U);
  // What needs a new mapping first gives back what is too much.
  (void)cache.allocate(1000 * kMiB);
  EXPECT_LE(cache.usage().cached_bytes, 256 * kMiB);
}

TEST(BlockCache, SaysWhenThereIsNoMemory) {
  BlockCache cache;
  EXPECT_EQ(cache.allocate(std::size_t{1} << 60U), nullptr);
  EXPECT_NE(cache.allocate(kMiB), nullptr);
}

TEST(BlockCache, ServesThreadsAtTheSameTime) {
  BlockCache cache;
  const auto work = [&cache](unsigned char mark) {
    for (std::size_t i = 0; i < 300; ++i) {
      const std::size_t size = (i % 7 + 1) * 50000;
      auto* block = static_cast<unsigned char*>(cache.allocate(size));
      std::memset(block, mark, size);
      for (std::size_t at = 0; at < size; at += 4096) ASSERT_EQ(block[at], mark);
      cache.free(block);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned char mark = 1; mark < 5; ++mark) threads.emplace_back(work, mark);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cache.usage().used_bytes, 0U);
}

}  // namespace
}  // namespace kilonat::tensor
