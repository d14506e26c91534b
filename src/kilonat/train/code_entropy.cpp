#include "kilonat/train/code_entropy.h"

#include <numbers>

#include <ATen/ATen.h>

namespace kilonat::train {

CodeEntropy::CodeEntropy(std::int64_t num_codebooks, std::int64_t codebook_size)
    : counts_QK_(torch::zeros({num_codebooks, codebook_size}, torch::kDouble)) {}

void CodeEntropy::add(const torch::Tensor& codes_BQF) {
  const torch::Tensor codes = codes_BQF.cpu();
  for (std::int64_t q = 0; q < codes.size(1); ++q) {
    counts_QK_[q] += torch::bincount(codes.select(1, q).reshape({-1}), {}, counts_QK_.size(1));
  }
}

double CodeEntropy::bits_per_frame() const {
  const torch::Tensor total_Q1 = counts_QK_.sum(1, /*keepdim=*/true).clamp_min(1.0);
  const torch::Tensor share_QK = counts_QK_ / total_Q1;
  return -torch::xlogy(share_QK, share_QK).sum().item<double>() / std::numbers::ln2;
}

double CodeEntropy::kbps(double frame_rate_hz) const {
  return bits_per_frame() * frame_rate_hz / 1000;
}

}  // namespace kilonat::train
