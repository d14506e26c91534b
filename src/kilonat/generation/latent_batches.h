#pragma once
/// Batches of latents by number.
///
/// B batch, D latent channels, F frames.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kilonat/base/seed_tree.h"
#include "kilonat/generation/latent_set.h"

namespace kilonat::generation {

/// Clips side by side, shorter ones filled up with zeros; tensors on the CPU.
struct LatentBatch {
  at::Tensor x_BDF;          ///< float32 samples of the posteriors, not normalised
  at::Tensor frame_mask_BF;  ///< bool, true: a frame of the clip
  at::Tensor duration_s_B;   ///< float32, of the sound
  std::vector<std::string> captions;
  std::vector<std::string> ids;
};

/// A stretch of a clip, and the noise of its sample.
struct LatentPick {
  std::size_t index = 0;  ///< in LatentSet::clips()
  std::int64_t first_frame = 0;
  std::int64_t num_frames = 0;  ///< at least 1; they exist
  std::uint64_t seed = 0;       ///< of the posterior's noise
};

/// @param picks    at least one.
/// @param sample   false: the posteriors' means.
/// @throws as LatentSet::read.
[[nodiscard]] LatentBatch make_batch(const LatentSet& set,
                                     std::span<const LatentPick> picks,
                                     bool sample = true);

/// Picks of every plain clip (variant 0) of a split, in their order; `max_frames` 0: all of each.
[[nodiscard]] std::vector<LatentPick> plain_picks(const LatentSet& set,
                                                  const std::string& split,
                                                  std::int64_t max_frames,
                                                  std::uint64_t seed);

struct LatentBatchOptions {
  std::int64_t batch_size = 16;
  std::int64_t max_frames = 0;  ///< longer clips are cut to a stretch drawn anew; 0: none is cut
  /// So many of the clips end early, after a length that is uniform from `shortest_frames` to their
  /// own: so that other durations than the clips' are learnt. They keep their beginning.
  double prefix_share = 0;
  std::int64_t shortest_frames = 1;
  bool sample = true;  ///< false: the posteriors' means
};

/// Makes any batch of an endless sequence: batch i depends on (seed, i) and the set only, so that a
/// run can go on anywhere. Clips come in shuffled epochs, each once, as one of its variants, with
/// new noise. Not thread-safe.
class LatentBatches {
 public:
  /// @throws DataError if the set has no clip in the split.
  LatentBatches(std::shared_ptr<const LatentSet> set,
                const std::string& split,
                const LatentBatchOptions& options,
                std::uint64_t seed);

  [[nodiscard]] LatentBatch make(std::uint64_t number);
  /// Clips of the source, variants not counted.
  [[nodiscard]] std::size_t num_clips() const { return variants_.size(); }

 private:
  LatentPick pick_at(std::uint64_t position);
  std::size_t clip_at(std::uint64_t position);

  std::shared_ptr<const LatentSet> set_;
  LatentBatchOptions options_;
  SeedTree seeds_;
  std::vector<std::vector<std::size_t>> variants_;  // indices in the set, for each clip
  std::vector<std::size_t> order_;                  // of the clips in epoch_
  std::uint64_t epoch_ = ~0ULL;
};

}  // namespace kilonat::generation
