#pragma once
/// Sample rate conversion, through libsoxr at its high quality (20 bit).

#include <cstdint>
#include <memory>

#include "kilonat/audio/buffer.h"

namespace kilonat::audio {

/// Converts a signal piece by piece. Not thread-safe. Equal rates pass through unchanged.
///
/// Delay-free: the output has round(n x out / in) samples (to one) for n in, aligned with them.
class Resampler {
 public:
  /// REQUIRES: rates and channels >= 1. @throws InternalError if libsoxr refuses them.
  Resampler(std::int64_t in_rate_hz, std::int64_t out_rate_hz, std::int64_t num_channels);
  ~Resampler();
  Resampler(Resampler&&) noexcept;

  /// What is ready after so much more input. REQUIRES: the constructor's rate and channels.
  [[nodiscard]] AudioBuffer push(const AudioBuffer& input);
  /// The rest; call once.
  [[nodiscard]] AudioBuffer finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A whole buffer at another rate.
[[nodiscard]] AudioBuffer resample(const AudioBuffer& input, std::int64_t out_rate_hz);

}  // namespace kilonat::audio
