#pragma once
/// Opus, the classical codec to compare with: a real encoder and decoder, real bytes.

#include <cstdint>

#include "kilonat/audio/buffer.h"

namespace kilonat::audio {

/// Bitrates that libopus takes, kbit/s a stream. What it spends below some 6 kbit/s is its own
/// least: the bytes tell.
inline constexpr double kMinOpusKbps = 0.5;
inline constexpr double kMaxOpusKbps = 512;

/// A sound that has been through Opus.
struct OpusCoded {
  AudioBuffer decoded;     ///< at the input's rate, as long, and aligned with it
  std::int64_t bytes = 0;  ///< of all packets, without a container
  double actual_kbps = 0;  ///< bytes over the input's duration
};

/// Codes with libopus: mode "audio", variable bitrate, complexity 10, packets of 20 ms, internally
/// at 48 kHz. The encoder's look-ahead is compensated, and what was fed to flush it is counted.
///
/// @param input  1 or 2 channels, at least one sample.
/// @throws DataError for other inputs; ConfigError for a bitrate that Opus does not take.
[[nodiscard]] OpusCoded code_with_opus(const AudioBuffer& input, double target_kbps);

/// "libopus 1.3.1": for the list of versions.
[[nodiscard]] const char* opus_version();

}  // namespace kilonat::audio
