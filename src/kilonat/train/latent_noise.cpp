#include "kilonat/train/latent_noise.h"

#include <vector>

#include <ATen/ATen.h>

#include "kilonat/tensor/random.h"

namespace kilonat::train {
namespace {

/// Frames that one generator makes; any fixed number would do.
constexpr std::int64_t kBlockFrames = 256;

}  // namespace

torch::Tensor LatentNoise::frames(std::int64_t first, std::int64_t count) const {
  std::vector<torch::Tensor> blocks_DF{torch::empty({latent_channels_, 0})};
  for (std::int64_t block = first / kBlockFrames; block * kBlockFrames < first + count; ++block) {
    const std::uint64_t seed = seeds_.child(static_cast<std::uint64_t>(block)).seed();
    blocks_DF.push_back(torch::randn(
        {latent_channels_, kBlockFrames}, tensor::make_generator(seed), torch::TensorOptions()));
  }
  return torch::cat(blocks_DF, 1).narrow(1, first % kBlockFrames, count).unsqueeze(0);
}

}  // namespace kilonat::train
