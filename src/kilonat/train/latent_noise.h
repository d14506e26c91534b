#pragma once
/// The noise that turns a posterior into a sample, addressed by the frame it falls on.

#include <cstdint>

#include <torch/types.h>

#include "kilonat/base/seed_tree.h"

namespace kilonat::train {

/// Standard normal values for every latent channel and frame of a signal, from a seed.
///
/// Note [Noise by position]: a value depends on (seed, channel, frame) and the number of channels
/// only. So a long file that is coded in chunks gets the sample that it gets in one piece, and
/// `encode` with `decode` the same as `reconstruct`.
class LatentNoise {
 public:
  LatentNoise(std::uint64_t seed, std::int64_t latent_channels)
      : seeds_(SeedTree(seed).child("latent noise")), latent_channels_(latent_channels) {}

  /// [1, D, count] for the frames from `first` on, float32 on the CPU. REQUIRES: first, count >= 0.
  [[nodiscard]] torch::Tensor frames(std::int64_t first, std::int64_t count) const;

 private:
  SeedTree seeds_;
  std::int64_t latent_channels_;
};

}  // namespace kilonat::train
