#include "kilonat/data/clip_cache.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "kilonat/base/errors.h"

namespace kilonat::data {
namespace {

std::size_t bytes_of(const PreparedClip& clip) {
  return static_cast<std::size_t>(clip.audio.num_channels() * clip.audio.num_samples()) *
         sizeof(float);
}

}  // namespace

ClipCache::ClipCache(std::shared_ptr<const Source> source,
                     const ClipFormat& format,
                     std::size_t max_bytes)
    : source_(std::move(source)), format_(format), max_bytes_(max_bytes) {}

std::shared_ptr<const PreparedClip> ClipCache::get(std::size_t index) {
  {
    const std::lock_guard lock(mutex_);
    if (unreadable_.contains(index)) {
      require_some_readable("see the log");
      return nullptr;
    }
    if (auto clip = find(index)) return clip;
  }
  // Read without the lock: two workers may read the same clip, which costs time and nothing else.
  try {
    auto clip = std::make_shared<const PreparedClip>(prepare_clip(source_->read(index), format_));
    const std::lock_guard lock(mutex_);
    keep(index, clip);
    return clip;
  } catch (const DataError& error) {
    note_unreadable(index, error.what());
  } catch (const IoError& error) {
    note_unreadable(index, error.what());
  }
  return nullptr;
}

std::size_t ClipCache::num_unreadable() const {
  const std::lock_guard lock(mutex_);
  return unreadable_.size();
}

std::shared_ptr<const PreparedClip> ClipCache::find(std::size_t index) {
  const auto found = entries_.find(index);
  if (found == entries_.end()) return nullptr;
  uses_.splice(uses_.begin(), uses_, found->second.use);
  return found->second.clip;
}

void ClipCache::keep(std::size_t index, const std::shared_ptr<const PreparedClip>& clip) {
  if (entries_.contains(index)) return;
  uses_.push_front(index);
  entries_[index] = {clip, uses_.begin()};
  num_bytes_ += bytes_of(*clip);
  while (num_bytes_ > max_bytes_ && uses_.size() > 1) {
    const auto oldest = entries_.find(uses_.back());
    num_bytes_ -= bytes_of(*oldest->second.clip);
    entries_.erase(oldest);
    uses_.pop_back();
  }
}

void ClipCache::require_some_readable(const char* why) const {
  KILONAT_REQUIRE(unreadable_.size() < source_->size(),
                  DataError,
                  "none of the {} clips can be used; {}",
                  source_->size(),
                  why);
}

void ClipCache::note_unreadable(std::size_t index, const char* why) {
  const std::lock_guard lock(mutex_);
  if (!unreadable_.insert(index).second) return;
  require_some_readable(why);
  spdlog::warn("{}; left out ({} of {} clips so far)", why, unreadable_.size(), source_->size());
}

}  // namespace kilonat::data
