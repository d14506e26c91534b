#pragma once
/// Batches of excerpts by number.
///
/// B batch, C channels, T samples.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kilonat/base/seed_tree.h"
#include "kilonat/data/clip_cache.h"
#include "kilonat/data/excerpt_options.h"

namespace kilonat::data {

struct Batch {
  at::Tensor audio_BCT;          ///< float32 on the CPU
  std::vector<std::string> ids;  ///< "clip@1.25s" for each excerpt
};

/// Makes any batch of an endless sequence: batch i depends on (seed, i) and the clips only, so that
/// a run can go on anywhere. Thread-safe.
///
/// Clips come in shuffled epochs: each once, then all again in another order. A clip that cannot be
/// used is passed over. One shorter than an excerpt is followed by silence.
///
/// Note [Where a clip is cut]: at the fractional part of (its own offset + epoch x golden ratio),
/// uniform over seeds, and evenly spread over few epochs. Where a rate is measured on excerpts,
/// chance within the clips is taken out of the mean as the epochs take out chance between them.
class ExcerptMaker {
 public:
  /// @param num_samples  of an excerpt. @throws DataError if the source has no clip.
  ExcerptMaker(std::shared_ptr<const Source> source,
               const ExcerptOptions& options,
               const ClipFormat& format,
               std::int64_t num_samples,
               std::uint64_t seed);

  [[nodiscard]] Batch make(std::uint64_t number);

 private:
  struct Excerpt {
    audio::AudioBuffer audio;
    std::int64_t start = 0;  // in the clip, in samples
    double lufs = 0;
  };

  std::size_t clip_at(std::uint64_t position);
  std::pair<std::size_t, std::shared_ptr<const PreparedClip>> usable_clip(std::uint64_t position,
                                                                          Rng& rng);
  /// Where in the clip the excerpt of this position begins: 0 at its start, 1 at the last possible.
  [[nodiscard]] double place_in_clip(std::size_t index, std::uint64_t position) const;
  Excerpt cut(const audio::AudioBuffer& clip, double place) const;
  Excerpt salient_excerpt(const audio::AudioBuffer& clip, double place, Rng& rng) const;
  void augment_(Excerpt& excerpt, const audio::AudioBuffer& clip, Rng& rng) const;

  ExcerptOptions options_;
  ClipFormat format_;
  std::int64_t num_samples_;
  SeedTree seeds_;
  ClipCache cache_;
  std::mutex mutex_;                // guards the two below
  std::vector<std::size_t> order_;  // of the clips in epoch_
  std::uint64_t epoch_ = ~0ULL;
};

}  // namespace kilonat::data
