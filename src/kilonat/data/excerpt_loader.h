#pragma once
/// Batches in order, made ahead by worker threads.

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "kilonat/data/excerpt_maker.h"

namespace kilonat::data {

/// Gives batches 0, 1, 2, .. of an ExcerptMaker. Calls come from one thread.
class ExcerptLoader {
 public:
  /// @param first  number of the batch to begin with: the position of a checkpoint.
  ExcerptLoader(std::unique_ptr<ExcerptMaker> maker,
                const ExcerptOptions& options,
                std::uint64_t first = 0);
  ~ExcerptLoader();
  ExcerptLoader(const ExcerptLoader&) = delete;
  ExcerptLoader& operator=(const ExcerptLoader&) = delete;

  /// @throws what making the batch threw (DataError if no clip can be used).
  [[nodiscard]] Batch next();

  /// Number of the batch that next() gives; to be kept in a checkpoint.
  [[nodiscard]] std::uint64_t position() const { return position_; }

 private:
  /// A finished batch, or what went wrong.
  struct Result {
    Batch batch;
    std::exception_ptr error;
  };

  void work();

  std::unique_ptr<ExcerptMaker> maker_;
  std::uint64_t prefetch_;
  std::uint64_t position_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::uint64_t next_to_make_;
  std::map<std::uint64_t, Result> results_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace kilonat::data
