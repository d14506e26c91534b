#include "kilonat/codec/gaussian.h"

#include <cmath>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"

namespace kilonat::codec {

at::Tensor stddev_from_raw(const at::Tensor& raw) {
  return at::softplus(raw) + kMinStddev;
}

double raw_from_stddev(double stddev) {
  return std::log(std::expm1(stddev - kMinStddev));
}

at::Tensor gaussian_kl_nats(const at::Tensor& mean_BDF, const at::Tensor& stddev_BDF) {
  return 0.5 * (mean_BDF.square() + stddev_BDF.square() - 1) - stddev_BDF.log();
}

at::Tensor gaussian_kl_nats(const at::Tensor& mean_BDF,
                            const at::Tensor& stddev_BDF,
                            const at::Tensor& prior_mean_D,
                            const at::Tensor& prior_variance_D) {
  const at::Tensor prior_mean = prior_mean_D.view({1, -1, 1});
  const at::Tensor prior_stddev = prior_variance_D.view({1, -1, 1}).sqrt();
  return gaussian_kl_nats((mean_BDF - prior_mean) / prior_stddev, stddev_BDF / prior_stddev);
}

at::Tensor sample(const Posterior& posterior, const at::Generator& generator) {
  KILONAT_REQUIRE(generator.defined(), InternalError, "sampling a latent needs a generator");
  const at::Tensor noise = tensor::normal_like(posterior.mean_BDF, generator);
  return posterior.mean_BDF + posterior.stddev_BDF * noise;
}

GaussianBottleneckImpl::GaussianBottleneckImpl(const GaussianBottleneckOptions& options) {
  if (!options.projections) return;
  in_proj =
      register_module("in_proj",
                      WeightNormConv1d(ConvOptions{.in_channels = options.in_channels,
                                                   .out_channels = 2 * options.latent_channels}));
  out_proj = register_module("out_proj",
                             WeightNormConv1d(ConvOptions{.in_channels = options.latent_channels,
                                                          .out_channels = options.out_channels}));
}

at::Tensor GaussianBottleneckImpl::parameters_from_features(const at::Tensor& features_BCF) {
  return in_proj.is_empty() ? features_BCF : in_proj(features_BCF);
}

Posterior GaussianBottleneckImpl::posterior(const at::Tensor& features_BCF) {
  const std::vector<at::Tensor> halves = parameters_from_features(features_BCF).chunk(2, 1);
  return {.mean_BDF = halves[0], .stddev_BDF = stddev_from_raw(halves[1])};
}

at::Tensor GaussianBottleneckImpl::project_out(const at::Tensor& latent_BDF) {
  return out_proj.is_empty() ? latent_BDF : out_proj(latent_BDF);
}

}  // namespace kilonat::codec
