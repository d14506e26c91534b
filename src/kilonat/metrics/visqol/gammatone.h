#pragma once
/// ViSQOL's ears: 32 gammatone filters over windowed frames. Double precision throughout.
///
/// Source: github.com/google/visqol, conformance number 333 (gammatone_filterbank.cc,
/// equivalent_rectangular_bandwidth.cc); the filters are those of Slaney 1993, Apple TR 35.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kilonat::metrics::visqol {

inline constexpr std::size_t kNumBands = 32;
using Bands = std::array<double, kNumBands>;  ///< low to high

/// From 50 Hz, evenly spaced on the scale of equivalent rectangular bandwidths. The highest lies
/// one step below half the sample rate.
[[nodiscard]] Bands centre_frequencies_hz(double sample_rate_hz);

/// Measures frames of one sample rate. Thread-safe after construction.
class GammatoneBank {
 public:
  /// REQUIRES: sample_rate_hz >= 1000.
  explicit GammatoneBank(std::int64_t sample_rate_hz);

  /// 80 ms.
  [[nodiscard]] std::size_t frame_samples() const { return window_.size(); }
  /// A quarter of a frame.
  [[nodiscard]] std::size_t hop_samples() const { return window_.size() / 4; }

  /// RMS amplitude of each band over one frame, multiplied by a Hann window; the filters start at
  /// rest, and what rings after the frame does not count.
  /// @param frame  frame_samples() samples.
  [[nodiscard]] Bands rms(std::span<const double> frame) const;

 private:
  /// Two bands go through the filters side by side.
  using Lanes = double __attribute__((vector_size(16)));
  static constexpr std::size_t kNumLanes = 2;
  static constexpr std::size_t kNumSections = 4;

  /// Four sections (1 + zero z^-1) / (1 + pole1 z^-1 + pole2 z^-2); the poles are common to all.
  struct Filters {
    std::array<Lanes, kNumSections> zeros;
    Lanes pole1;
    Lanes pole2;
  };

  void set_filter(std::size_t band, double centre_hz, double sample_rate_hz);
  static Lanes sum_of_squares(const Filters& filters, std::span<const double> samples);

  std::vector<double> window_;
  std::array<Filters, kNumBands / kNumLanes> filters_{};
  Bands gains_{};  // make up for the filters' own gain at their centre frequency
};

}  // namespace kilonat::metrics::visqol
