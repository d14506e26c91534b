#pragma once
/// Prepared clips, kept in memory as far as they fit.

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "kilonat/data/clip_format.h"
#include "kilonat/data/source.h"

namespace kilonat::data {

/// Reads clips through a source, least recently used out first. Thread-safe.
class ClipCache {
 public:
  /// @param max_bytes  of samples kept; the clip asked for last is kept in any case.
  ClipCache(std::shared_ptr<const Source> source, const ClipFormat& format, std::size_t max_bytes);

  /// The clip; null if its file cannot be used, which is said in the log once for each file.
  /// @throws DataError if that is so for every clip of the source.
  [[nodiscard]] std::shared_ptr<const PreparedClip> get(std::size_t index);

  [[nodiscard]] const Source& source() const { return *source_; }
  [[nodiscard]] std::size_t num_unreadable() const;

 private:
  struct Entry {
    std::shared_ptr<const PreparedClip> clip;
    std::list<std::size_t>::iterator use;
  };

  std::shared_ptr<const PreparedClip> find(std::size_t index);
  void keep(std::size_t index, const std::shared_ptr<const PreparedClip>& clip);
  void require_some_readable(const char* why) const;
  void note_unreadable(std::size_t index, const char* why);

  std::shared_ptr<const Source> source_;
  ClipFormat format_;
  std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::unordered_map<std::size_t, Entry> entries_;
  std::list<std::size_t> uses_;  // latest first
  std::unordered_set<std::size_t> unreadable_;
  std::size_t num_bytes_ = 0;
};

}  // namespace kilonat::data
