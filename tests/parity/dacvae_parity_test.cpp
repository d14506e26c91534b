/// dacvae: encoder, gaussian bottleneck and the decoder without its watermark.

#include "parity/autoencoder_grads.h"
#include "parity/fixtures.h"
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/codec/import/import.h"

namespace kilonat::parity {
namespace {

// Tolerances: the fixtures' README.
constexpr double kTolerance = 2e-4;
constexpr double kFeatureTolerance = 1e-3;
constexpr double kKlTolerance = 1e-4;

codec::Autoencoder load(const std::string& set, bool match_official = true) {
  return codec::import_checkpoint(fixture_path(set, ".weights.safetensors"),
                                  {.family = "dacvae",
                                   .config = fixture_path(set, ".config.json"),
                                   .match_official = match_official})
      .model;
}

/// What the public code calls the KL: twice the nats per frame.
at::Tensor kl_as_coded(const codec::Posterior& posterior) {
  return 2 * codec::gaussian_kl_nats(posterior.mean_BDF, posterior.stddev_BDF).sum(1).mean();
}

TEST(DacvaeParity, EncodesAsTheOfficialCode) {
  KILONAT_FOR_EACH_FIXTURE(set, "dacvae_") {
    SCOPED_TRACE(set);
    const torch::NoGradGuard no_grad;
    const auto io = fixture_file(set);
    codec::Autoencoder model = load(set);
    const at::Tensor padded = model->pad_to_frames(io.tensor("audio"));
    expect_same(padded, io.tensor("audio_padded"), "audio_padded");
    const at::Tensor features = model->encoder(padded);
    expect_close(features, io.tensor("encoder_out"), kTolerance, "encoder_out");
    const auto halves = model->gaussian->parameters_from_features(features).chunk(2, 1);
    expect_close(halves[0], io.tensor("mean"), kTolerance, "mean");
    expect_close(halves[1], io.tensor("scale_raw"), kTolerance, "scale_raw");
  }
}

TEST(DacvaeParity, SamplesAndMeasuresAsTheOfficialCode) {
  KILONAT_FOR_EACH_FIXTURE(set, "dacvae_") {
    SCOPED_TRACE(set);
    const torch::NoGradGuard no_grad;
    const auto io = fixture_file(set);
    codec::Autoencoder model = load(set);
    const codec::Latent latent =
        model->encode(io.tensor("audio"), {.noise_BDF = io.tensor("noise")});
    const codec::Posterior& posterior = *latent.posterior;
    expect_close(posterior.stddev_BDF, io.tensor("std"), kTolerance, "std");
    expect_close(posterior.stddev_BDF.square().log(), io.tensor("logvar"), kTolerance, "logvar");
    expect_close(kl_as_coded(posterior), io.tensor("kl_as_coded"), kKlTolerance, "kl_as_coded");
    expect_close(latent.latent_BDF, io.tensor("latent_sampled"), kTolerance, "latent_sampled");
    expect_close(
        latent.z_BCF, io.tensor("bottleneck_out_sampled"), kTolerance, "bottleneck_out_sampled");
    expect_close(model->encode(io.tensor("audio")).z_BCF,
                 io.tensor("z_from_mean"),
                 kTolerance,
                 "z_from_mean");
  }
}

TEST(DacvaeParity, DecodesWithoutWatermarkAsTheOfficialCode) {
  KILONAT_FOR_EACH_FIXTURE(set, "dacvae_") {
    SCOPED_TRACE(set);
    const torch::NoGradGuard no_grad;
    const auto io = fixture_file(set);
    codec::Autoencoder model = load(set);
    const at::Tensor features = model->decoder->features(io.tensor("z_from_mean"));
    expect_close(features, io.tensor("decoder_features"), kFeatureTolerance, "decoder_features");
    expect_close(model->decoder->waveform(features),
                 io.tensor("decoded_plain"),
                 kTolerance,
                 "decoded_plain");
    expect_close(model->decode_latent(io.tensor("mean")),
                 io.tensor("decoded_plain"),
                 kTolerance,
                 "decoded_plain from the mean");
  }
}

TEST(DacvaeParity, LeavesOutTheWatermarkAndNothingElse) {
  KILONAT_FOR_EACH_FIXTURE(set, "dacvae_") {
    SCOPED_TRACE(set);
    const codec::ImportedModel imported = codec::import_checkpoint(
        fixture_path(set, ".weights.safetensors"), {.config = fixture_path(set, ".config.json")});
    EXPECT_EQ(imported.family, "dacvae");
    // A parameter that the official code's clean decode uses has a gradient there.
    if (!has_fixture_file(set, "grads")) continue;
    const auto grads = fixture_file(set, "grads");
    for (const std::string& name : imported.ignored) {
      EXPECT_FALSE(grads.contains("grad." + name)) << name << " is needed for a clean decode";
    }
  }
}

TEST(DacvaeParity, GivesTheSamplesThatWentInByDefault) {
  KILONAT_FOR_EACH_FIXTURE(set, "dacvae_") {
    SCOPED_TRACE(set);
    const torch::NoGradGuard no_grad;
    const auto io = fixture_file(set);
    codec::Autoencoder model = load(set, /*match_official=*/false);
    EXPECT_EQ(model->forward(io.tensor("audio"), {}).audio_BCT.sizes(), io.tensor("audio").sizes());
  }
}

TEST(DacvaeParity, HasTheGradientsOfTheOfficialCode) {
  KILONAT_FOR_EACH_FIXTURE(set, "dacvae_", ".grads.safetensors") {
    SCOPED_TRACE(set);
    const auto io = fixture_file(set);
    codec::Autoencoder model = load(set);
    const at::Tensor audio = io.tensor("audio_padded").requires_grad_();
    const codec::Latent latent =
        model->bottleneck(model->encoder(audio), {.noise_BDF = io.tensor("noise")});
    const at::Tensor decoded = model->decode(latent.z_BCF);
    const std::int64_t length = std::min(decoded.size(-1), audio.size(-1));
    const at::Tensor error = decoded.narrow(-1, 0, length) - audio.detach().narrow(-1, 0, length);
    const at::Tensor loss = error.square().mean() + 0.01 * kl_as_coded(*latent.posterior);
    loss.backward();
    expect_grads(set, *model, audio, loss, 1e-3);
  }
}

}  // namespace
}  // namespace kilonat::parity
