#pragma once
/// The rate of discrete codes once each codebook is coded by the frequencies of its entries.

#include <cstdint>

#include <torch/types.h>

namespace kilonat::train {

/// Counts codes; memory does not grow with what is added.
class CodeEntropy {
 public:
  /// REQUIRES: both >= 0 (0 codebooks: a codec without codes).
  CodeEntropy(std::int64_t num_codebooks, std::int64_t codebook_size);

  /// @param codes_BQF  int64, 0 .. codebook_size - 1.
  void add(const torch::Tensor& codes_BQF);

  /// Sum over codebooks of the empirical entropy, bits per frame; 0 before the first add.
  [[nodiscard]] double bits_per_frame() const;
  /// The same as kbit/s.
  [[nodiscard]] double kbps(double frame_rate_hz) const;

 private:
  torch::Tensor counts_QK_;
};

}  // namespace kilonat::train
