#include "kilonat/diffusion/latent_normaliser.h"

#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::diffusion {

namespace {

using tensor::expect_shape;
using tensor::kAny;

constexpr double kLeastReference = 1e-6;  // of a channel that never changes

at::Tensor as_factor(const at::Tensor& x_D, const at::Tensor& like) {
  return x_D.to(like.device()).view({1, -1, 1});
}

void check(const LatentChannels& channels) {
  expect_shape(channels.mean_D, "means of latent channels", {kAny});
  const std::int64_t size = channels.mean_D.size(0);
  expect_shape(channels.stddev_D, "spreads of latent channels", {size});
  expect_shape(channels.nats_D, "nats of latent channels", {size});
  const bool is_sound = at::isfinite(channels.mean_D).all().item<bool>() &&
                        at::isfinite(channels.stddev_D).all().item<bool>() &&
                        at::isfinite(channels.nats_D).all().item<bool>() &&
                        (channels.stddev_D >= 0).all().item<bool>();
  KILONAT_REQUIRE(is_sound,
                  NumericError,
                  "normalising latents: a mean, spread or rate of a channel is not finite, or a "
                  "spread is negative");
}

}  // namespace

void describe(config::Schema& schema, LatentNormaliserOptions& options) {
  schema
      .field("stddev_floor",
             options.stddev_floor,
             {.doc = "latent channels are divided by their standard deviation, at least by this",
              .min = 1e-6,
              .max = 1e6})
      .field("min_nats",
             options.min_nats,
             {.doc = "latent channels with fewer informative nats are left out and drawn at "
                     "random when decoding",
              .unit = "nats per frame",
              .min = 0});
}

LatentNormaliser::LatentNormaliser(const LatentChannels& channels,
                                   const LatentNormaliserOptions& options) {
  check(channels);
  mean_D_ = channels.mean_D.detach().to(torch::kCPU, torch::kFloat32);
  stddev_D_ = channels.stddev_D.detach().to(torch::kCPU, torch::kFloat32);
  scale_D_ = stddev_D_.clamp_min(options.stddev_floor);
  // Rounding may have made no nats negative.
  kept_C_ = (channels.nats_D.cpu().clamp_min(0) >= options.min_nats).nonzero().flatten();
  KILONAT_REQUIRE(num_diffused() > 0,
                  DataError,
                  "normalising latents: none of {} channels has {} informative nats per frame "
                  "(latent.min_nats), so there is nothing to generate; is the codec trained?",
                  num_channels(),
                  options.min_nats);
}

at::Tensor LatentNormaliser::static_nats(const at::Tensor& mean_DF,
                                         const at::Tensor& stddev_DF) const {
  expect_shape(mean_DF, "means of a clip's posteriors", {num_channels(), kAny});
  expect_shape(stddev_DF, "spreads of a clip's posteriors", {num_channels(), mean_DF.size(1)});
  at::Tensor reference_D = stddev_D_.clamp_min(kLeastReference);
  reference_D = reference_D.index_copy(0, kept_C_, scale_D_.index_select(0, kept_C_));
  const auto column = [](const at::Tensor& x_D) { return x_D.to(torch::kDouble).unsqueeze(1); };
  const at::Tensor variance_DF =
      (stddev_DF.cpu().to(torch::kDouble) / column(reference_D)).square();
  const at::Tensor offset_DF =
      (mean_DF.cpu().to(torch::kDouble) - column(mean_D_)) / column(reference_D);
  return 0.5 * (variance_DF + offset_DF.square() - 1 - variance_DF.log()).sum(0);
}

tensor::TensorMap LatentNormaliser::state(const std::string& prefix) const {
  return {{prefix + "mean", mean_D_},
          {prefix + "stddev", stddev_D_},
          {prefix + "scale", scale_D_},
          {prefix + "kept", kept_C_}};
}

LatentNormaliser LatentNormaliser::from_state(const tensor::TensorMap& state,
                                              const std::string& prefix) {
  const auto take = [&](const std::string& name, at::ScalarType type) {
    const auto found = state.find(prefix + name);
    KILONAT_REQUIRE(
        found != state.end() && found->second.dim() == 1 && found->second.scalar_type() == type,
        FormatError,
        "reading the normalisation of latents: '{}{}' is missing or not a list of the "
        "right type",
        prefix,
        name);
    return found->second.cpu();
  };
  LatentNormaliser result;
  result.mean_D_ = take("mean", torch::kFloat32);
  result.stddev_D_ = take("stddev", torch::kFloat32);
  result.scale_D_ = take("scale", torch::kFloat32);
  result.kept_C_ = take("kept", torch::kLong);
  const std::int64_t size = result.num_channels();
  const bool fits = result.stddev_D_.size(0) == size && result.scale_D_.size(0) == size &&
                    result.num_diffused() > 0 && (result.scale_D_ > 0).all().item<bool>() &&
                    (result.kept_C_ >= 0).all().item<bool>() &&
                    (result.kept_C_ < size).all().item<bool>();
  KILONAT_REQUIRE(fits,
                  FormatError,
                  "reading the normalisation of latents: '{}*' do not fit each other",
                  prefix);
  return result;
}

at::Tensor LatentNormaliser::normalise(const at::Tensor& z_BDF) const {
  expect_shape(z_BDF, "latent", {kAny, num_channels(), kAny});
  const at::Tensor kept_C = kept_C_.to(z_BDF.device());
  const at::Tensor all_BDF = (z_BDF - as_factor(mean_D_, z_BDF)) / as_factor(scale_D_, z_BDF);
  return all_BDF.index_select(1, kept_C);
}

at::Tensor LatentNormaliser::with_diffused(const at::Tensor& z_BDF, const at::Tensor& x_BCF) const {
  expect_shape(x_BCF, "normalised latent", {kAny, num_diffused(), kAny});
  expect_shape(z_BDF, "latent", {x_BCF.size(0), num_channels(), x_BCF.size(2)});
  const at::Tensor kept_C = kept_C_.to(x_BCF.device());
  const at::Tensor scale_1C1 = as_factor(scale_D_, x_BCF).index_select(1, kept_C);
  const at::Tensor mean_1C1 = as_factor(mean_D_, x_BCF).index_select(1, kept_C);
  return z_BDF.index_copy(1, kept_C, x_BCF * scale_1C1 + mean_1C1);
}

at::Tensor LatentNormaliser::denormalise(const at::Tensor& x_BCF, at::Generator generator) const {
  expect_shape(x_BCF, "normalised latent", {kAny, num_diffused(), kAny});
  const at::Tensor shape_BDF =
      at::empty({x_BCF.size(0), num_channels(), x_BCF.size(2)}, x_BCF.options());
  const at::Tensor drawn_BDF = tensor::normal_like(shape_BDF, std::move(generator));
  return with_diffused(drawn_BDF * as_factor(stddev_D_, x_BCF) + as_factor(mean_D_, x_BCF), x_BCF);
}

}  // namespace kilonat::diffusion
