#pragma once
/// Between a codec's latents and what is diffused: unit variance, and only channels that carry
/// something.
///
/// B batch, D latent channels, C <= D diffused channels, F frames.

#include <cstdint>

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include "kilonat/config/schema.h"
#include "kilonat/tensor/safetensors.h"

namespace kilonat::diffusion {

/// The section [latent]: the same at all rates of a study.
struct LatentNormaliserOptions {
  /// Channels are divided by their standard deviation, at least by this.
  double stddev_floor = 0.1;
  /// Channels with fewer informative nats per frame are not diffused. 0: all are.
  double min_nats = 0.01;
};

void describe(config::Schema& schema, LatentNormaliserOptions& options);

/// Statistics of the latents that are diffused, over the frames of the training clips.
struct LatentChannels {
  at::Tensor mean_D;
  at::Tensor stddev_D;
  at::Tensor nats_D;  ///< informative nats per frame (metrics/latent_statistics.h)
};

/// Note [Channels that say nothing]: at low rates many channels have the same q(z|x) whatever x is:
/// N(0, 1), or a Gaussian that is off the prior and costs nats all the same, which is why the rule
/// asks for informative nats. Diffusing samples of them asks the network for pure noise; diffusing
/// their means, whose spread is near 0, blows rounding up to unit variance. So they are left out,
/// and the decoder gets what it was trained with: independent draws of the channel's own Gaussian.
class LatentNormaliser {
 public:
  /// @throws ShapeError for tensors that are not [D]; NumericError for NaN, Inf or a negative
  ///         spread; DataError if no channel has min_nats.
  LatentNormaliser(const LatentChannels& channels, const LatentNormaliserOptions& options);

  /// What a model file holds, names beginning with `prefix`.
  [[nodiscard]] tensor::TensorMap state(const std::string& prefix = "normaliser.") const;
  /// From state(). @throws FormatError for tensors that are missing or do not fit.
  [[nodiscard]] static LatentNormaliser from_state(const tensor::TensorMap& state,
                                                   const std::string& prefix = "normaliser.");

  /// C and D.
  [[nodiscard]] std::int64_t num_diffused() const { return kept_C_.size(0); }
  [[nodiscard]] std::int64_t num_channels() const { return mean_D_.size(0); }
  /// Indices of the diffused channels, rising; int64 [C].
  [[nodiscard]] const at::Tensor& kept() const { return kept_C_; }

  /// (z - mean) / max(stddev, floor) of the channels kept. @throws ShapeError.
  [[nodiscard]] at::Tensor normalise(const at::Tensor& z_BDF) const;
  /// The latents z with the diffused channels taken back from x, the others as they are.
  /// @throws ShapeError.
  [[nodiscard]] at::Tensor with_diffused(const at::Tensor& z_BDF, const at::Tensor& x_BCF) const;
  /// KL of a clip's posteriors from the Gaussians that the channels are taken for: what is
  /// normalise()d for N(0, 1), channels left out for their own; nats [F], summed over all channels.
  /// @param mean_DF, stddev_DF  of the posteriors. @throws ShapeError.
  [[nodiscard]] at::Tensor static_nats(const at::Tensor& mean_DF,
                                       const at::Tensor& stddev_DF) const;
  /// Back; channels left out are drawn from `generator`. @throws ShapeError.
  [[nodiscard]] at::Tensor denormalise(const at::Tensor& x_BCF, at::Generator generator) const;

 private:
  LatentNormaliser() = default;

  at::Tensor mean_D_;    ///< float32
  at::Tensor stddev_D_;  ///< float32, as measured
  at::Tensor scale_D_;   ///< float32: what kept channels are divided by
  at::Tensor kept_C_;
};

}  // namespace kilonat::diffusion
