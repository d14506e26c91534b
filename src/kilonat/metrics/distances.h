#pragma once
/// How far a reconstruction is from its original: whole clips, DAC's evaluation parameters.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kilonat/loss/spectral_loss.h"

namespace kilonat::metrics {

/// Of one clip, or means over clips.
struct Distances {
  double mel_distance = 0;   ///< the mel loss
  double stft_distance = 0;  ///< loss::StftLoss
  double waveform_l1 = 0;    ///< full scale = 1
  /// Empty where the original is silent (constant): the ratio has no meaning there.
  std::optional<double> si_sdr_db{};
};

/// Measures clips at one sample rate. Thread-safe after construction.
///
/// The windows of the distances are given in samples, so that values at different sample rates do
/// not compare (DAC reports its own at 44.1 kHz).
class DistanceMeter {
 public:
  explicit DistanceMeter(std::int64_t sample_rate_hz,
                         const loss::MelLossOptions& mel = {},
                         const loss::StftLossOptions& stft = {});

  /// @param original_CT, reconstruction_CT  [C, T] on one device, same shape, T >= 1.
  /// @throws ShapeError if the shapes differ or there are no samples.
  [[nodiscard]] Distances measure(const at::Tensor& original_CT,
                                  const at::Tensor& reconstruction_CT) const;

  /// Anchor: the distance of silence. A codec that is no better has learned nothing.
  [[nodiscard]] Distances of_silence(const at::Tensor& original_CT) const;

  /// Anchor: the distance of another clip's original, cut or repeated to this one's length. A codec
  /// that is no better has learned the data's average sound and nothing of the clip.
  [[nodiscard]] Distances of_another(const at::Tensor& original_CT,
                                     const at::Tensor& another_CT) const;

 private:
  loss::SpectralLoss mel_;
  loss::SpectralLoss stft_;
  std::int64_t min_samples_ = 0;  // shorter clips are followed by silence
};

/// For each of `num_clips` clips the index of another one, each once; deterministic in `seed`.
/// Empty if there are fewer than two.
[[nodiscard]] std::vector<std::size_t> shuffled_partners(std::size_t num_clips, std::uint64_t seed);

/// Mean of distances, weighted by duration.
class DistanceMean {
 public:
  /// REQUIRES: seconds > 0.
  void add(const Distances& distances, double seconds);
  /// Over what was added; zeros if that is nothing.
  [[nodiscard]] Distances mean() const;
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  Distances sums_;
  double seconds_ = 0;
  double si_sdr_seconds_ = 0;  // of clips that have one
};

}  // namespace kilonat::metrics
