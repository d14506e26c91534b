#include "kilonat/metrics/visqol/spectrogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kilonat::metrics::visqol {
namespace {

// Note [Half-size decibels]
// ViSQOL takes 10 log10 of an RMS amplitude, where decibels would be 20 log10. Its floors (45 below
// full scale, 45 below the loudest band of a frame) are on that scale, so 90 dB in truth. The
// quality model was trained on it.
constexpr double kFloor = -45;
constexpr double kRange = 45;

/// NaN, too, becomes the floor.
double level(double amplitude) {
  const double above_zero = amplitude == 0 ? std::numeric_limits<double>::epsilon() : amplitude;
  return std::max(kFloor, 10 * std::log10(std::abs(above_zero)));
}

void take_levels(Spectrogram& spectrogram) {
  for (std::size_t frame = 0; frame < spectrogram.num_frames(); ++frame) {
    for (double& value : spectrogram.bands(frame)) value = level(value);
  }
}

/// Frames that one of the two has alone keep the absolute floor.
void raise_to_common_range(Spectrogram& a, Spectrogram& b) {
  for (std::size_t frame = 0; frame < std::min(a.num_frames(), b.num_frames()); ++frame) {
    const double floor =
        std::max(std::ranges::max(a.bands(frame)), std::ranges::max(b.bands(frame))) - kRange;
    for (double& value : a.bands(frame)) value = std::max(value, floor);
    for (double& value : b.bands(frame)) value = std::max(value, floor);
  }
}

double minimum(Spectrogram& spectrogram) {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t frame = 0; frame < spectrogram.num_frames(); ++frame) {
    least = std::min(least, std::ranges::min(spectrogram.bands(frame)));
  }
  return least;
}

void subtract(Spectrogram& spectrogram, double offset) {
  for (std::size_t frame = 0; frame < spectrogram.num_frames(); ++frame) {
    for (double& value : spectrogram.bands(frame)) value -= offset;
  }
}

}  // namespace

void Spectrogram::copy_outermost_bands() {
  for (std::size_t frame = 0; frame < num_frames_; ++frame) {
    double* row = &values_[frame * kStride];
    row[0] = row[1];
    row[kNumBands + 1] = row[kNumBands];
  }
}

void Spectrogram::append_floor(std::size_t num_frames) {
  num_frames_ += num_frames;
  values_.resize(num_frames_ * kStride, 0);
}

Spectrogram amplitudes(std::span<const double> samples, const GammatoneBank& bank) {
  Spectrogram result(1 + (samples.size() - bank.frame_samples()) / bank.hop_samples());
  for (std::size_t frame = 0; frame < result.num_frames(); ++frame) {
    const Bands rms = bank.rms(samples.subspan(frame * bank.hop_samples(), bank.frame_samples()));
    std::ranges::copy(rms, result.bands(frame).begin());
  }
  return result;
}

bool is_below_floor(const Spectrogram& amplitudes) {
  for (std::size_t frame = 0; frame < amplitudes.num_frames(); ++frame) {
    const std::span<const double, kNumBands> bands(amplitudes.row(frame) + 1, kNumBands);
    if (level(std::ranges::max(bands)) > kFloor) return false;
  }
  return true;
}

void amplitudes_to_levels(Spectrogram& reference, Spectrogram& degraded) {
  take_levels(reference);
  take_levels(degraded);
  raise_to_common_range(reference, degraded);
  const double offset = std::min(minimum(reference), minimum(degraded));
  for (Spectrogram* spectrogram : {&reference, &degraded}) {
    subtract(*spectrogram, offset);
    spectrogram->copy_outermost_bands();
  }
}

}  // namespace kilonat::metrics::visqol
