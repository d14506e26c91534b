#pragma once
/// Loudness after ITU-R BS.1770, through libebur128.

#include <cstdint>
#include <memory>

#include "kilonat/audio/buffer.h"

namespace kilonat::audio {

/// What silence is reported as.
inline constexpr double kSilenceLufs = -70.0;

/// Measures a signal piece by piece.
class LoudnessMeter {
 public:
  LoudnessMeter(std::int64_t sample_rate_hz, std::int64_t num_channels);
  ~LoudnessMeter();
  LoudnessMeter(LoudnessMeter&&) noexcept;

  void push(const AudioBuffer& buffer);
  /// Integrated loudness of all that was pushed [LUFS], at least kSilenceLufs. Signals under 0.5 s
  /// are filled up with zeros to 0.5 s first, as DAC's meter does: the standard needs 0.4 s.
  [[nodiscard]] double integrated_lufs();
  /// Largest sample magnitude.
  [[nodiscard]] double peak() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Of a whole buffer.
[[nodiscard]] double integrated_lufs(const AudioBuffer& buffer);

/// Gain that brings `measured_lufs` to `target_lufs`, but no peak beyond 1; 1 for silence.
[[nodiscard]] double normalisation_gain(double measured_lufs, double peak, double target_lufs);

}  // namespace kilonat::audio
