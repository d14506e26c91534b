/// DAC: encoder, quantiser, decoder, losses, codes and gradients of the official code.

#include "parity/autoencoder_grads.h"
#include "parity/fixtures.h"
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/codec/import/import.h"

namespace kilonat::parity {
namespace {

// Tolerances: the fixtures' README, at least five times the references' own rounding floor.
constexpr double kTolerance = 1e-4;
constexpr double kLossTolerance = 1e-5;
constexpr double kFromCodesTolerance = 1e-5;

codec::Autoencoder load(const std::string& set, bool match_official = true) {
  return codec::import_checkpoint(fixture_path(set, ".weights.safetensors"),
                                  {.family = "dac",
                                   .config = fixture_path(set, ".config.json"),
                                   .match_official = match_official})
      .model;
}

TEST(DacParity, EncodesAsTheOfficialCode) {
  KILONAT_FOR_EACH_FIXTURE(set, "dac_") {
    SCOPED_TRACE(set);
    const torch::NoGradGuard no_grad;
    const auto io = fixture_file(set);
    codec::Autoencoder model = load(set);
    const at::Tensor padded = model->pad_to_frames(io.tensor("audio"));
    expect_same(padded, io.tensor("audio_padded"), "audio_padded");
    expect_close(model->encoder(padded), io.tensor("encoder_out"), kTolerance, "encoder_out");
  }
}

/// "rvq_all" and every "rvq_n<k>" that the set holds.
std::vector<std::string> quantiser_runs(const tensor::SafetensorsFile& io) {
  std::vector<std::string> runs;
  for (const std::string& name : io.names()) {
    if (name.starts_with("rvq_") && name.ends_with(".codes")) {
      runs.push_back(name.substr(0, name.size() - 6));
    }
  }
  return runs;
}

TEST(DacParity, QuantisesAsTheOfficialCode) {
  KILONAT_FOR_EACH_FIXTURE(set, "dac_") {
    const torch::NoGradGuard no_grad;
    const auto io = fixture_file(set);
    codec::Autoencoder model = load(set);
    const at::Tensor features = model->encoder(io.tensor("audio_padded"));
    for (const std::string& run : quantiser_runs(io)) {
      SCOPED_TRACE(set + " " + run);
      const at::Tensor codes = io.tensor(run + ".codes");
      const auto out = model->rvq->forward(features, codes.size(1), {});
      expect_same(out.codes_BQF, codes, "codes");
      expect_close(out.z_BCF, io.tensor(run + ".z_q"), kTolerance, "z_q");
      expect_close(out.projected_BDF, io.tensor(run + ".latents"), kTolerance, "latents");
      expect_close(
          out.commitment_loss, io.tensor(run + ".commitment_loss"), kLossTolerance, "commit");
      expect_close(
          out.codebook_loss, io.tensor(run + ".codebook_loss"), kLossTolerance, "codebook");
      expect_close(model->decode(out.z_BCF), io.tensor(run + ".decoded"), kTolerance, "decoded");
      // The latent that encode() reports decodes to the same signal.
      expect_close(model->decode_latent(out.quantised_BDF),
                   io.tensor(run + ".decoded"),
                   kTolerance,
                   "decode_latent");
    }
  }
}

TEST(DacParity, DecodesCodesAsTheOfficialCode) {
  KILONAT_FOR_EACH_FIXTURE(set, "dac_") {
    SCOPED_TRACE(set);
    const torch::NoGradGuard no_grad;
    const auto io = fixture_file(set);
    codec::Autoencoder model = load(set);
    const at::Tensor codes = io.tensor("rvq_all.codes");
    expect_close(
        model->rvq->from_codes(codes), io.tensor("from_codes.z_q"), kFromCodesTolerance, "z_q");
    expect_close(model->rvq->rows_from_codes(codes),
                 io.tensor("from_codes.latents"),
                 kFromCodesTolerance,
                 "latents");
  }
}

TEST(DacParity, ReconstructsAsTheOfficialCode) {
  KILONAT_FOR_EACH_FIXTURE(set, "dac_") {
    SCOPED_TRACE(set);
    const torch::NoGradGuard no_grad;
    const auto io = fixture_file(set);
    codec::Autoencoder model = load(set);
    const codec::Reconstruction result = model->forward(io.tensor("audio"), {});
    expect_close(result.audio_BCT, io.tensor("forward.audio"), kTolerance, "forward.audio");
    const at::Tensor decoded = model->decode(io.tensor("decoder_in"));
    expect_close(decoded, io.tensor("decoder_out"), kTolerance, "decoder_out");
  }
}

TEST(DacParity, KeepsTheLengthWithOutputPadding) {
  KILONAT_FOR_EACH_FIXTURE(set, "dac_") {
    SCOPED_TRACE(set);
    const torch::NoGradGuard no_grad;
    const auto io = fixture_file(set);
    codec::Autoencoder model = load(set, /*match_official=*/false);
    const at::Tensor decoded = model->decode(io.tensor("decoder_in"));
    if (io.contains("decoder_out_outpad")) {
      expect_close(decoded, io.tensor("decoder_out_outpad"), kTolerance, "decoder_out_outpad");
    }
    EXPECT_EQ(decoded.size(-1), io.tensor("decoder_in").size(-1) * model->hop_length());
    EXPECT_EQ(model->forward(io.tensor("audio"), {}).audio_BCT.sizes(), io.tensor("audio").sizes());
  }
}

TEST(DacParity, RunsWithoutPaddingAsTheOfficialChunkedCode) {
  KILONAT_FOR_EACH_FIXTURE(set, "dac_") {
    SCOPED_TRACE(set);
    const torch::NoGradGuard no_grad;
    const auto io = fixture_file(set);
    if (!io.contains("nopad.audio_in")) continue;
    codec::Autoencoder model = load(set);
    const at::Tensor features =
        model->encoder->forward(io.tensor("nopad.audio_in"), codec::Edges::kUnpadded);
    expect_close(features, io.tensor("nopad.encoder_out"), kTolerance, "nopad.encoder_out");
    const auto out = model->rvq->forward(features, 0, {});
    expect_same(out.codes_BQF, io.tensor("nopad.codes"), "nopad.codes");
    expect_close(model->decoder->forward(out.z_BCF, codec::Edges::kUnpadded),
                 io.tensor("nopad.decoded"),
                 kTolerance,
                 "nopad.decoded");
  }
}

TEST(DacParity, HasTheGradientsOfTheOfficialCode) {
  KILONAT_FOR_EACH_FIXTURE(set, "dac_", ".grads.safetensors") {
    SCOPED_TRACE(set);
    const auto io = fixture_file(set);
    codec::Autoencoder model = load(set);
    const at::Tensor audio = io.tensor("audio_padded").requires_grad_();
    const codec::Reconstruction result = model->forward(audio, {});
    const at::Tensor reference = audio.detach().narrow(-1, 0, result.audio_BCT.size(-1));
    const at::Tensor loss = (result.audio_BCT - reference).square().mean() +
                            0.25 * result.latent.commitment_loss + result.latent.codebook_loss;
    loss.backward();
    expect_grads(set, *model, audio, loss, 1e-3);
  }
}

}  // namespace
}  // namespace kilonat::parity
