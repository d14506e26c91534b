#pragma once
/// Sound files for the tests, good and bad, written byte by byte.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace kilonat::integration {

struct WavOptions {
  std::int64_t sample_rate_hz = 8000;
  std::int64_t num_channels = 1;
  double seconds = 1.0;
};

/// A 32-bit float WAV of `value(time in s)` in every channel.
void write_wav(const std::filesystem::path& path,
               const WavOptions& options,
               const std::function<float(double)>& value);

/// A decaying tone with a little noise; another for every seed.
[[nodiscard]] std::function<float(double)> pluck(int seed);

/// `count` plucks of 1 s as pluck-N.wav.
void write_plucks(const std::filesystem::path& folder, int count);

}  // namespace kilonat::integration
