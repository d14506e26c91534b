#include "kilonat/generation/latent_batches.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include <ATen/ATen.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/shuffle.h"
#include "kilonat/tensor/random.h"

namespace kilonat::generation {
namespace {

/// The latents of a pick [D, F].
torch::Tensor latents_of(const LatentSet& set, const LatentPick& pick, bool sample) {
  const LatentItem item = set.read(pick.index);
  const torch::Tensor mean_DF = item.mean_DF.narrow(1, pick.first_frame, pick.num_frames);
  if (!sample) return mean_DF;
  const torch::Tensor noise_DF = tensor::normal_like(mean_DF, tensor::make_generator(pick.seed));
  return mean_DF + item.stddev_DF.narrow(1, pick.first_frame, pick.num_frames) * noise_DF;
}

/// Of the sound that the picked frames stand for: the last frame of a clip may be a part of one.
double duration_s(const LatentSet& set, const LatentPick& pick) {
  const std::int64_t hop = set.info().hop_length;
  const std::int64_t num_samples =
      std::min(set.clips()[pick.index].num_samples - pick.first_frame * hop, pick.num_frames * hop);
  return static_cast<double>(num_samples) / static_cast<double>(set.info().sample_rate_hz);
}

}  // namespace

LatentBatch make_batch(const LatentSet& set, std::span<const LatentPick> picks, bool sample) {
  std::int64_t num_frames = 0;
  for (const LatentPick& pick : picks) num_frames = std::max(num_frames, pick.num_frames);
  const auto size = static_cast<std::int64_t>(picks.size());
  LatentBatch batch;
  batch.x_BDF = torch::zeros({size, set.info().latent_channels, num_frames});
  batch.frame_mask_BF = torch::zeros({size, num_frames}, torch::kBool);
  batch.duration_s_B = torch::zeros({size});
  for (std::int64_t b = 0; b < size; ++b) {
    const LatentPick& pick = picks[static_cast<std::size_t>(b)];
    const LatentClip& clip = set.clips()[pick.index];
    batch.x_BDF[b].narrow(1, 0, pick.num_frames).copy_(latents_of(set, pick, sample));
    batch.frame_mask_BF[b].narrow(0, 0, pick.num_frames).fill_(true);
    batch.duration_s_B[b] = duration_s(set, pick);
    batch.captions.push_back(clip.caption);
    batch.ids.push_back(clip.id);
  }
  return batch;
}

std::vector<LatentPick> plain_picks(const LatentSet& set,
                                    const std::string& split,
                                    std::int64_t max_frames,
                                    std::uint64_t seed) {
  std::vector<LatentPick> picks;
  for (std::size_t i = 0; i < set.clips().size(); ++i) {
    const LatentClip& clip = set.clips()[i];
    if (clip.split != split || clip.variant != 0) continue;
    picks.push_back(
        {.index = i,
         .num_frames = max_frames > 0 ? std::min(max_frames, clip.num_frames) : clip.num_frames,
         .seed = SeedTree(seed).child(i).seed()});
  }
  return picks;
}

LatentBatches::LatentBatches(std::shared_ptr<const LatentSet> set,
                             const std::string& split,
                             const LatentBatchOptions& options,
                             std::uint64_t seed)
    : set_(std::move(set)), options_(options), seeds_(seed) {
  std::map<std::int64_t, std::vector<std::size_t>> by_clip;
  for (std::size_t i = 0; i < set_->clips().size(); ++i) {
    const LatentClip& clip = set_->clips()[i];
    if (clip.split == split) by_clip[clip.clip].push_back(i);
  }
  for (auto& [number, indices] : by_clip) variants_.push_back(std::move(indices));
  KILONAT_REQUIRE(!variants_.empty(),
                  DataError,
                  "drawing latents: none of the {} clips is in the split '{}'",
                  set_->clips().size(),
                  split);
}

LatentBatch LatentBatches::make(std::uint64_t number) {
  const auto size = static_cast<std::uint64_t>(options_.batch_size);
  std::vector<LatentPick> picks;
  for (std::uint64_t item = 0; item < size; ++item) picks.push_back(pick_at(number * size + item));
  return make_batch(*set_, picks, options_.sample);
}

LatentPick LatentBatches::pick_at(std::uint64_t position) {
  const SeedTree seeds = seeds_.child("item").child(position);
  Rng rng(seeds);
  const std::vector<std::size_t>& variants = variants_[clip_at(position)];
  LatentPick pick{.index = variants[rng.integer(variants.size())],
                  .seed = seeds.child("noise").seed()};
  pick.num_frames = set_->clips()[pick.index].num_frames;
  if (options_.max_frames > 0 && pick.num_frames > options_.max_frames) {
    const std::int64_t room = pick.num_frames - options_.max_frames;
    pick.first_frame = static_cast<std::int64_t>(rng.integer(static_cast<std::uint64_t>(room) + 1));
    pick.num_frames = options_.max_frames;
  }
  const std::int64_t room = pick.num_frames - options_.shortest_frames;
  if (room > 0 && rng.uniform() < options_.prefix_share) {
    pick.num_frames -= static_cast<std::int64_t>(rng.integer(static_cast<std::uint64_t>(room) + 1));
  }
  return pick;
}

std::size_t LatentBatches::clip_at(std::uint64_t position) {
  const std::uint64_t count = variants_.size();
  if (epoch_ != position / count) {
    epoch_ = position / count;
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    Rng rng(seeds_.child("epoch").child(epoch_));
    shuffle(std::span(order_), rng);
  }
  return order_[position % count];
}

}  // namespace kilonat::generation
