#pragma once
/// Sound in memory.

#include <cstdint>
#include <vector>

namespace kilonat::audio {

/// Planar samples, full scale 1. All channels have the same length.
struct AudioBuffer {
  std::int64_t sample_rate_hz = 0;
  std::vector<std::vector<float>> channels;

  [[nodiscard]] std::int64_t num_channels() const {
    return static_cast<std::int64_t>(channels.size());
  }
  [[nodiscard]] std::int64_t num_samples() const {
    return channels.empty() ? 0 : static_cast<std::int64_t>(channels.front().size());
  }
  [[nodiscard]] double duration_s() const {
    return sample_rate_hz > 0
               ? static_cast<double>(num_samples()) / static_cast<double>(sample_rate_hz)
               : 0;
  }
};

/// A silent buffer.
[[nodiscard]] inline AudioBuffer make_buffer(std::int64_t sample_rate_hz,
                                             std::int64_t num_channels,
                                             std::int64_t num_samples) {
  return {sample_rate_hz,
          std::vector<std::vector<float>>(
              static_cast<std::size_t>(num_channels),
              std::vector<float>(static_cast<std::size_t>(num_samples), 0.0F))};
}

}  // namespace kilonat::audio
