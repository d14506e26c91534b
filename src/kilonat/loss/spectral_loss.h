#pragma once
/// Multi-scale spectral distances: mel and STFT, as DAC trains and evaluates with.
///
/// Source: descript-audio-codec dac/nn/loss.py MelSpectrogramLoss, MultiScaleSTFTLoss. Per scale:
/// log_weight mean|log10(clamp(X, eps)^pow) - log10(clamp(Y, eps)^pow)| + mag_weight mean|X - Y|,
/// X and Y magnitudes (not powers), hop = window / 4; the scales are summed.
///
/// Legend: B batch, C channels, T samples.

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kilonat/dsp/stft.h"
#include "kilonat/loss/fast_spectral_loss.h"

namespace kilonat::config {
class Schema;
}

namespace kilonat::loss {

/// A noise_floor_dbfs that lies below clamp_eps at every scale: as DAC.
inline constexpr double kNoNoiseFloor = -200;

/// What both distances share.
///
/// Note [What nobody hears]: a logarithm weighs a decibel of error at -90 dBFS like one at -10.
/// With DAC's clamp the least noise where the sound is digitally silent costs more than a wrong
/// timbre where it is loud, and a codec at a given rate spends its nats on silence.
/// `noise_floor_dbfs` raises the clamp of every band to what white noise of that level has there
/// (root mean square), so that each scale is deaf below the same level; one clamp_eps for all is
/// not: white noise that reaches 1e-3 lies at -70 dBFS for a window of 2048 samples and at -17 dBFS
/// for one of 32.
struct SpectralLossOptions {
  std::vector<std::int64_t> window_lengths{32, 64, 128, 256, 512, 1024, 2048};  ///< samples
  double clamp_eps = 1e-5;                  ///< smallest magnitude that a logarithm sees
  double noise_floor_dbfs = kNoNoiseFloor;  ///< see Note [What nobody hears]
  double pow = 1.0;                         ///< exponent within the logarithm
  double mag_weight = 0.0;
  double log_weight = 1.0;
  std::string window_type = "hann";
};

/// Defaults: what DAC trains with (conf/base.yml), not its class's.
struct MelLossOptions : SpectralLossOptions {
  std::vector<std::int64_t> num_mels{5, 10, 20, 40, 80, 160, 320};  ///< one per window
  std::vector<double> min_hz{};                                     ///< one per window; empty: 0
  std::vector<double> max_hz{};  ///< one per window; empty or 0: half the sample rate
};
void describe(config::Schema& schema, MelLossOptions& options);

/// DAC's class defaults: its multi-scale STFT distance.
struct StftLossOptions : SpectralLossOptions {
  StftLossOptions();
};
void describe(config::Schema& schema, StftLossOptions& options);

/// One distance, its windows and filterbanks made once. Thread-safe after construction.
class SpectralLoss {
 public:
  /// @throws ConfigError if the lists differ in length or a value makes no sense.
  SpectralLoss(const MelLossOptions& options, std::int64_t sample_rate_hz);
  explicit SpectralLoss(const StftLossOptions& options);

  /// @param estimate_BCT, reference_BCT  same shape, float32 or float64, full scale 1; longer than
  ///        half the longest window.
  /// @returns scalar >= 0, differentiable with respect to both. float32 on the CPU with a reference
  ///          that needs no gradient takes a fast path (fast_spectral_loss.h), once differentiable.
  /// @throws ShapeError
  [[nodiscard]] at::Tensor operator()(const at::Tensor& estimate_BCT,
                                      const at::Tensor& reference_BCT) const;
  /// The same, one scalar per window length; differentiable any number of times.
  [[nodiscard]] std::vector<at::Tensor> per_scale(const at::Tensor& estimate_BCT,
                                                  const at::Tensor& reference_BCT) const;
  /// Magnitudes (mel magnitudes) of one scale, [B, C, M or W, F].
  [[nodiscard]] at::Tensor magnitude(const at::Tensor& x_BCT, std::size_t scale) const;

 private:
  [[nodiscard]] bool takes_fast_path(const at::Tensor& estimate_BCT,
                                     const at::Tensor& reference_BCT) const;
  /// Ends construction: the floors, and what the fast path needs to know of the scales.
  void finish();
  [[nodiscard]] at::Tensor logarithm(const at::Tensor& magnitude, std::size_t scale) const;
  /// The least magnitude of each band that a logarithm sees, float64 [bands, 1].
  [[nodiscard]] at::Tensor make_floors(std::size_t scale) const;

  SpectralLossOptions options_;
  std::vector<dsp::Stft> stfts_;
  std::vector<at::Tensor> filters_MW_;  // empty for the STFT distance
  std::vector<at::Tensor> floors_M1_;
  std::vector<SpectralScale> scales_;
};

}  // namespace kilonat::loss
