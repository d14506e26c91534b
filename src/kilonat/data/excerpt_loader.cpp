#include "kilonat/data/excerpt_loader.h"

#include <utility>

namespace kilonat::data {

ExcerptLoader::ExcerptLoader(std::unique_ptr<ExcerptMaker> maker,
                             const ExcerptOptions& options,
                             std::uint64_t first)
    : maker_(std::move(maker)),
      prefetch_(static_cast<std::uint64_t>(options.num_prefetch)),
      position_(first),
      next_to_make_(first) {
  for (std::int64_t i = 0; i < options.num_workers; ++i) workers_.emplace_back([this] { work(); });
}

ExcerptLoader::~ExcerptLoader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

Batch ExcerptLoader::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return results_.contains(position_); });
  auto node = results_.extract(position_);
  if (node.mapped().error) std::rethrow_exception(node.mapped().error);
  ++position_;
  lock.unlock();
  changed_.notify_all();
  return std::move(node.mapped().batch);
}

void ExcerptLoader::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || next_to_make_ < position_ + prefetch_; });
    if (stopping_) return;
    const std::uint64_t number = next_to_make_++;
    lock.unlock();
    Result result;
    try {
      result.batch = maker_->make(number);
    } catch (...) {
      result.error = std::current_exception();
    }
    lock.lock();
    results_.emplace(number, std::move(result));
    changed_.notify_all();
  }
}

}  // namespace kilonat::data
