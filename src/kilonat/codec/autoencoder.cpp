#include "kilonat/codec/autoencoder.h"

#include <algorithm>

#include "kilonat/base/errors.h"
#include "kilonat/codec/geometry.h"
#include "kilonat/codec/initialise.h"
#include "kilonat/tensor/random.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::codec {

namespace {

GaussianBottleneckOptions gaussian_options(const AutoencoderOptions& options) {
  return {.in_channels = encoder_out_channels(options),
          .latent_channels = options.bottleneck.latent_channels,
          .out_channels = decoder_in_channels(options),
          .projections = options.bottleneck.projections};
}

RvqOptions rvq_options(const AutoencoderOptions& options) {
  return {.in_channels = encoder_out_channels(options),
          .num_codebooks = options.bottleneck.num_codebooks,
          .codebook_size = options.bottleneck.codebook_size,
          .codebook_dim = options.bottleneck.codebook_dim,
          .quantizer_dropout = options.bottleneck.quantizer_dropout};
}

/// Extends the end of the signal by its mirror image. A signal shorter than the padding is mirrored
/// again and again; one sample is repeated.
at::Tensor reflect_right(const at::Tensor& x_BCT, std::int64_t padding) {
  at::Tensor x = x_BCT;
  while (padding > 0) {
    const std::int64_t possible = std::min(padding, x.size(-1) - 1);
    if (possible == 0) return torch::cat({x, x.expand({-1, -1, padding})}, -1);
    const at::Tensor mirrored = x.narrow(-1, x.size(-1) - 1 - possible, possible).flip({-1});
    x = torch::cat({x, mirrored}, -1);
    padding -= possible;
  }
  return x;
}

}  // namespace

AutoencoderImpl::AutoencoderImpl(const AutoencoderOptions& options, std::uint64_t seed)
    : AutoencoderImpl(options, Uninitialised{}) {
  initialise(*this, tensor::make_generator(seed));
}

AutoencoderImpl::AutoencoderImpl(const AutoencoderOptions& options, Uninitialised)
    : options_(options) {
  check(options);
  encoder = register_module("encoder", Encoder(options));
  if (options.bottleneck.kind == "gaussian") {
    gaussian = register_module("quantizer", GaussianBottleneck(gaussian_options(options)));
  } else if (options.bottleneck.kind == "rvq") {
    rvq = register_module("quantizer", Rvq(rvq_options(options)));
  }
  decoder = register_module("decoder", Decoder(options));
}

at::Tensor AutoencoderImpl::pad_to_frames(const at::Tensor& x_BCT) const {
  const std::int64_t hop = hop_length();
  const std::int64_t padding = (hop - x_BCT.size(-1) % hop) % hop;
  if (padding == 0 || options_.input_padding == "none") return x_BCT;
  if (options_.input_padding == "reflect") return reflect_right(x_BCT, padding);
  return at::constant_pad_nd(x_BCT, {0, padding}, 0);
}

Latent AutoencoderImpl::bottleneck(const at::Tensor& features_BCF, const EncodeOptions& how) {
  Latent latent;
  if (!gaussian.is_empty()) {
    latent.posterior = gaussian->posterior(features_BCF);
    const Posterior& posterior = *latent.posterior;
    if (how.noise_BDF.defined()) {
      latent.latent_BDF = posterior.mean_BDF + posterior.stddev_BDF * how.noise_BDF;
    } else {
      latent.latent_BDF = how.sample ? sample(posterior, how.generator) : posterior.mean_BDF;
    }
    latent.z_BCF = gaussian->project_out(latent.latent_BDF);
  } else if (!rvq.is_empty()) {
    const RvqImpl::Output quantised = rvq->forward(features_BCF, how.num_codebooks, how.generator);
    latent.z_BCF = quantised.z_BCF;
    latent.latent_BDF = quantised.quantised_BDF;
    latent.codes_BQF = quantised.codes_BQF;
    latent.commitment_loss = quantised.commitment_loss;
    latent.codebook_loss = quantised.codebook_loss;
  } else {
    latent.z_BCF = features_BCF;
    latent.latent_BDF = features_BCF;
  }
  return latent;
}

at::Tensor AutoencoderImpl::project_out(const at::Tensor& latent_BDF) {
  if (!gaussian.is_empty()) return gaussian->project_out(latent_BDF);
  if (!rvq.is_empty()) return rvq->project_out(latent_BDF);
  return latent_BDF;
}

Latent AutoencoderImpl::encode(const at::Tensor& x_BCT, const EncodeOptions& how) {
  tensor::expect_shape(x_BCT, "audio", {tensor::kAny, options_.num_channels, tensor::kAny});
  KILONAT_REQUIRE(num_frames(x_BCT.size(-1)) > 0,
                  DataError,
                  "encoding: {} samples are too few for a latent frame",
                  x_BCT.size(-1));
  return bottleneck(encoder(pad_to_frames(x_BCT)), how);
}

at::Tensor AutoencoderImpl::decode(const at::Tensor& z_BCF) {
  tensor::expect_shape(
      z_BCF, "decoder input", {tensor::kAny, decoder_in_channels(options_), tensor::kAny});
  return decoder(z_BCF);
}

at::Tensor AutoencoderImpl::decode_latent(const at::Tensor& latent_BDF) {
  return decode(project_out(latent_BDF));
}

void AutoencoderImpl::set_precision(kernels::Precision precision) {
  precision_ = precision;
  encoder->set_precision(precision);
  decoder->set_precision(precision);
}

Reconstruction AutoencoderImpl::forward(const at::Tensor& x_BCT, const EncodeOptions& how) {
  Latent latent = encode(x_BCT, how);
  const at::Tensor audio = decode(latent.z_BCF);
  const std::int64_t length = std::min(audio.size(-1), x_BCT.size(-1));
  return {.audio_BCT = audio.size(-1) == length ? audio : audio.narrow(-1, 0, length),
          .latent = std::move(latent)};
}

std::int64_t AutoencoderImpl::num_frames(std::int64_t num_samples) const {
  const std::int64_t hop = hop_length();
  const bool padded = options_.input_padding != "none";
  const std::int64_t length = padded ? (num_samples + hop - 1) / hop * hop : num_samples;
  return output_length(encoder_geometry(options_), length);
}

std::int64_t AutoencoderImpl::num_samples(std::int64_t num_frames) const {
  return output_length(decoder_geometry(options_), num_frames);
}

std::int64_t AutoencoderImpl::num_parameters() const {
  std::int64_t total = 0;
  for (const at::Tensor& parameter : parameters()) total += parameter.numel();
  return total;
}

}  // namespace kilonat::codec
