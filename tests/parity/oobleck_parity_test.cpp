/// Oobleck, in the key styles of diffusers and of stable-audio-tools.

#include "parity/autoencoder_grads.h"
#include "parity/fixtures.h"
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/codec/import/import.h"

namespace kilonat::parity {
namespace {

// Tolerances: the fixtures' README.
constexpr double kTolerance = 5e-4;
constexpr double kDecodedTolerance = 1e-3;
constexpr double kKlTolerance = 1e-4;

codec::Autoencoder load(const std::string& set) {
  return codec::import_checkpoint(fixture_path(set, ".weights.safetensors"),
                                  {.family = "oobleck",
                                   .config = fixture_path(set, ".config.json"),
                                   .match_official = true})
      .model;
}

at::Tensor kl_as_coded(const codec::Posterior& posterior) {
  return 2 * codec::gaussian_kl_nats(posterior.mean_BDF, posterior.stddev_BDF).sum(1).mean();
}

void expect_outputs(const std::string& set) {
  const torch::NoGradGuard no_grad;
  const auto io = fixture_file(set);
  codec::Autoencoder model = load(set);
  const at::Tensor audio = io.tensor("audio");
  expect_close(model->encoder(audio), io.tensor("encoder_out"), kTolerance, "encoder_out");
  const codec::Latent latent = model->encode(audio, {.noise_BDF = io.tensor("noise")});
  const codec::Posterior& posterior = *latent.posterior;
  expect_close(posterior.mean_BDF, io.tensor("mean"), kTolerance, "mean");
  expect_close(posterior.stddev_BDF, io.tensor("std"), kTolerance, "std");
  if (io.contains("logvar")) {
    expect_close(posterior.stddev_BDF.square().log(), io.tensor("logvar"), kTolerance, "logvar");
  }
  expect_close(kl_as_coded(posterior), io.tensor("kl_as_coded"), kKlTolerance, "kl_as_coded");
  expect_close(latent.latent_BDF, io.tensor("latent_sampled"), kTolerance, "latent_sampled");
  expect_close(model->decode(posterior.mean_BDF),
               io.tensor("decoded_mean"),
               kDecodedTolerance,
               "decoded_mean");
  expect_close(model->decode_latent(latent.latent_BDF),
               io.tensor("decoded_sampled"),
               kDecodedTolerance,
               "decoded_sampled");
}

TEST(OobleckParity, ComputesAsDiffusers) {
  KILONAT_FOR_EACH_FIXTURE(set, "oobleck_diffusers_") {
    SCOPED_TRACE(set);
    expect_outputs(set);
  }
}

TEST(OobleckParity, ComputesAsStableAudioTools) {
  KILONAT_FOR_EACH_FIXTURE(set, "oobleck_sat_") {
    SCOPED_TRACE(set);
    expect_outputs(set);
  }
}

TEST(OobleckParity, HasTheGradientsOfTheOfficialCode) {
  KILONAT_FOR_EACH_FIXTURE(set, "oobleck_", ".grads.safetensors") {
    SCOPED_TRACE(set);
    const auto io = fixture_file(set);
    codec::Autoencoder model = load(set);
    const at::Tensor audio = io.tensor("audio").requires_grad_();
    const codec::Latent latent = model->encode(audio, {.noise_BDF = io.tensor("noise")});
    const at::Tensor decoded = model->decode(latent.z_BCF);
    const std::int64_t length = std::min(decoded.size(-1), audio.size(-1));
    const at::Tensor error = decoded.narrow(-1, 0, length) - audio.detach().narrow(-1, 0, length);
    const at::Tensor loss = error.square().mean() + 0.01 * kl_as_coded(*latent.posterior);
    loss.backward();
    expect_grads(set, *model, audio, loss, 2e-3);
  }
}

}  // namespace
}  // namespace kilonat::parity
