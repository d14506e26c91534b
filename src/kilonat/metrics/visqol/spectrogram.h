#pragma once
/// What ViSQOL compares: levels in dB of 32 bands, frame by frame.

#include <cstddef>
#include <span>
#include <vector>

#include "kilonat/metrics/visqol/gammatone.h"

namespace kilonat::metrics::visqol {

inline constexpr std::size_t kPatchFrames = 30;

/// Frames of 32 bands, one after the other. Each has a further value at both ends for a copy of the
/// outermost band, which the 3 x 3 window of NSIM looks at.
class Spectrogram {
 public:
  static constexpr std::size_t kStride = kNumBands + 2;

  explicit Spectrogram(std::size_t num_frames)
      : num_frames_(num_frames), values_(num_frames * kStride) {}

  [[nodiscard]] std::size_t num_frames() const { return num_frames_; }
  [[nodiscard]] std::span<double, kNumBands> bands(std::size_t frame) {
    return std::span<double, kNumBands>(&values_[frame * kStride + 1], kNumBands);
  }
  /// The frame with its two copies. Rows follow each other at a distance of kStride.
  [[nodiscard]] const double* row(std::size_t frame) const { return &values_[frame * kStride]; }

  /// Fills the copies. Call when the bands have their final values.
  void copy_outermost_bands();
  /// Adds frames of zeros, the lowest level there is.
  void append_floor(std::size_t num_frames);

 private:
  std::size_t num_frames_;
  std::vector<double> values_;
};

/// RMS amplitudes: one frame every hop, without the rest that fills no frame.
/// REQUIRES: at least one frame of samples.
[[nodiscard]] Spectrogram amplitudes(std::span<const double> samples, const GammatoneBank& bank);

/// Whether no amplitude is above the level's absolute floor, 90 dB below full scale.
[[nodiscard]] bool is_below_floor(const Spectrogram& amplitudes);

/// Turns the amplitudes of a reference and its degraded copy into levels above their common floor:
/// at least 0, at most about 45 (see Note [Half-size decibels]).
void amplitudes_to_levels(Spectrogram& reference, Spectrogram& degraded);

}  // namespace kilonat::metrics::visqol
