#pragma once
/// The gaussian bottleneck and its divergences, in nats.

#include <cstdint>

#include <torch/nn/module.h>

#include "kilonat/codec/layers.h"

namespace kilonat::codec {

/// A diagonal Gaussian for every latent element.
struct Posterior {
  at::Tensor mean_BDF;
  at::Tensor stddev_BDF;  ///< > 0
};

/// Added to softplus(raw), so that no deviation is zero.
inline constexpr double kMinStddev = 1e-4;

/// `softplus(raw) + kMinStddev`.
[[nodiscard]] at::Tensor stddev_from_raw(const at::Tensor& raw);
/// The raw value that gives `stddev`. REQUIRES: stddev > kMinStddev.
[[nodiscard]] double raw_from_stddev(double stddev);

/// KL(N(mean, stddev^2) || N(0, 1)) per element [nats], in the shape of `mean_BDF`.
///
/// Note [The missing half]: the public code of dacvae, stable-audio-tools, diffusers and RAVE sums
/// `mean^2 + var - ln var - 1` without the factor 1/2, twice this value.
[[nodiscard]] at::Tensor gaussian_kl_nats(const at::Tensor& mean_BDF, const at::Tensor& stddev_BDF);

/// The same against N(prior_mean, prior_variance) per channel: the informative rate, when these are
/// the moments of the aggregate posterior.
/// @param prior_mean_D, prior_variance_D [D], variance > 0.
[[nodiscard]] at::Tensor gaussian_kl_nats(const at::Tensor& mean_BDF,
                                          const at::Tensor& stddev_BDF,
                                          const at::Tensor& prior_mean_D,
                                          const at::Tensor& prior_variance_D);

/// `mean + stddev * noise`, noise standard normal from `generator`.
[[nodiscard]] at::Tensor sample(const Posterior& posterior, const at::Generator& generator);

struct GaussianBottleneckOptions {
  std::int64_t in_channels = 1024;  ///< of the encoder; 2 x latent_channels without projections
  std::int64_t latent_channels = 32;
  std::int64_t out_channels = 1024;  ///< of the decoder; latent_channels without projections
  bool projections = true;
};

/// Source: dacvae, dacvae/nn/bottleneck.py, VAEBottleneck. Parameters: in_proj.*, out_proj.*.
class GaussianBottleneckImpl : public torch::nn::Module {
 public:
  explicit GaussianBottleneckImpl(const GaussianBottleneckOptions& options);

  /// Mean and raw spread, [batch, 2 D, frames], before softplus.
  at::Tensor parameters_from_features(const at::Tensor& features_BCF);
  /// @param features_BCF the encoder's output.
  Posterior posterior(const at::Tensor& features_BCF);
  /// Latent [batch, D, frames] to decoder input; the identity without projections.
  at::Tensor project_out(const at::Tensor& latent_BDF);

  /// Null without projections. Output channels: D means, then D raw spreads.
  WeightNormConv1d in_proj{nullptr};
  WeightNormConv1d out_proj{nullptr};
};
TORCH_MODULE(GaussianBottleneck);

}  // namespace kilonat::codec
