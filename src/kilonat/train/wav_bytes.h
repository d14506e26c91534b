#pragma once
/// Short sounds as WAV files in memory, for the run log. Files on disk are audio/'s business.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kilonat::train {

/// A 16-bit PCM WAV file of planar samples; what is beyond [-1, 1] is clipped.
[[nodiscard]] std::string wav_bytes(std::int64_t sample_rate_hz,
                                    std::span<const std::vector<float>> channels);

}  // namespace kilonat::train
