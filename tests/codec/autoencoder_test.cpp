#include "kilonat/codec/autoencoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/seed_tree.h"
#include "kilonat/tensor/random.h"

namespace kilonat::codec {
namespace {

AutoencoderOptions tiny() {
  AutoencoderOptions options;
  options.sample_rate_hz = 16000;
  options.encoder_channels = 4;
  options.encoder_strides = {2, 3};
  options.decoder_channels = 16;
  options.decoder_strides = {3, 2};
  options.bottleneck.latent_channels = 5;
  options.bottleneck.num_codebooks = 3;
  options.bottleneck.codebook_size = 16;
  options.bottleneck.codebook_dim = 4;
  return options;
}

TEST(Autoencoder, GivesExactlyTheSamplesThatWentIn) {
  Rng rng(1);
  for (int trial = 0; trial < 20; ++trial) {
    AutoencoderOptions options = tiny();
    options.encoder_strides.clear();
    const auto num_blocks = 1 + rng.integer(3);
    for (std::uint64_t i = 0; i < num_blocks; ++i) {
      options.encoder_strides.push_back(2 + static_cast<std::int64_t>(rng.integer(5)));
    }
    options.decoder_strides.assign(options.encoder_strides.rbegin(),
                                   options.encoder_strides.rend());
    options.num_channels = 1 + static_cast<std::int64_t>(rng.integer(2));
    options.stride_padding = trial % 2 == 0 ? "dac" : "dacvae";
    options.input_padding = trial % 3 == 0 ? "reflect" : "zero";
    Autoencoder model(options, 7);
    const auto length = 1 + static_cast<std::int64_t>(rng.integer(500));
    const torch::NoGradGuard no_grad;
    const at::Tensor audio = torch::randn({2, options.num_channels, length});
    const Reconstruction result = model->forward(audio);
    EXPECT_EQ(result.audio_BCT.sizes(), audio.sizes());
    const std::int64_t frames = model->num_frames(length);
    EXPECT_EQ(frames, (length + model->hop_length() - 1) / model->hop_length());
    EXPECT_EQ(result.latent.latent_BDF.size(-1), frames);
    EXPECT_EQ(model->num_samples(frames), frames * model->hop_length());
  }
}

TEST(Autoencoder, DrawsQuietOutputToSilenceAndLeavesTheRest) {
  AutoencoderOptions options = tiny();
  const torch::NoGradGuard no_grad;
  Autoencoder plain(options, 7);
  options.output_gate = 1e-2;
  Autoencoder gated(options, 7);
  const at::Tensor audio = 0.3 * torch::randn({1, 1, 60});
  const at::Tensor x = plain->forward(audio).audio_BCT.to(torch::kDouble);
  const at::Tensor y = gated->forward(audio).audio_BCT.to(torch::kDouble);
  // The closed form, to float32 rounding of a few operations.
  const at::Tensor expected = x * x.square() / (x.square() + 1e-4);
  EXPECT_TRUE(torch::allclose(y, expected, 1e-5, 1e-9));
  EXPECT_FALSE(torch::allclose(y, x, 1e-5, 1e-9));
}

TEST(Autoencoder, KeepsOfficialLengthsWhenAsked) {
  AutoencoderOptions options = tiny();
  options.match_official = true;
  Autoencoder model(options);
  const torch::NoGradGuard no_grad;
  const Reconstruction result = model->forward(torch::randn({1, 1, 60}));
  EXPECT_EQ(result.latent.latent_BDF.size(-1), 10);
  // Stride 3 gives 3 x 10 - 1 samples, stride 2 doubles them.
  EXPECT_EQ(result.audio_BCT.size(-1), 58);
  EXPECT_EQ(model->num_samples(10), 58);
}

TEST(Autoencoder, SendsGradientsToEveryParameter) {
  for (const std::string kind : {"gaussian", "rvq", "none"}) {
    AutoencoderOptions options = tiny();
    options.bottleneck.kind = kind;
    Autoencoder model(options, 3);
    const at::Tensor audio = torch::randn({4, 1, 120});
    const at::Generator generator = tensor::make_generator(4);
    const Reconstruction result = model->forward(audio, {.sample = true, .generator = generator});
    at::Tensor loss = (result.audio_BCT - audio).square().mean();
    if (kind == "rvq") {
      loss = loss + result.latent.commitment_loss + result.latent.codebook_loss;
    }
    loss.backward();
    for (const auto& item : model->named_parameters()) {
      ASSERT_TRUE(item.value().grad().defined()) << kind << " " << item.key();
      EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << kind << " " << item.key();
    }
  }
}

TEST(Autoencoder, StartsTheSameFromTheSameSeed) {
  Autoencoder a(tiny(), 5);
  Autoencoder b(tiny(), 5);
  Autoencoder c(tiny(), 6);
  EXPECT_TRUE(at::equal(a->encoder->parameters()[1], b->encoder->parameters()[1]));
  EXPECT_FALSE(at::equal(a->encoder->parameters()[1], c->encoder->parameters()[1]));
}

TEST(Autoencoder, NamesParametersAsTheOfficialCheckpoint) {
  Autoencoder model(tiny());
  std::vector<std::string> names;
  for (const auto& item : model->named_parameters()) names.push_back(item.key());
  EXPECT_THAT(names,
              testing::IsSupersetOf({"encoder.block.0.weight_g",
                                     "encoder.block.1.block.0.block.0.alpha",
                                     "encoder.block.1.block.2.block.3.bias",
                                     "encoder.block.2.block.4.weight_v",
                                     "encoder.block.3.alpha",
                                     "encoder.block.4.bias",
                                     "quantizer.in_proj.weight_v",
                                     "quantizer.out_proj.bias",
                                     "decoder.model.0.weight_g",
                                     "decoder.model.1.block.1.weight_v",
                                     "decoder.model.2.block.4.block.2.alpha",
                                     "decoder.model.3.alpha",
                                     "decoder.model.4.weight_v"}));
}

TEST(Autoencoder, CountsTheParametersOfTheOfficialModel) {
  AutoencoderOptions options;
  options.bottleneck.kind = "rvq";
  // Counted from the official 44.1 kHz code.
  EXPECT_EQ(Autoencoder(options)->num_parameters(), 76'651'890);
}

TEST(Autoencoder, StartsWithTheEffectiveInitialisationOfDac) {
  Autoencoder model(tiny(), 9);
  for (const auto& item : model->named_modules()) {
    if (const auto* conv = item.value()->as<WeightNormConv1dImpl>()) {
      // v as drawn: the norm leaves it unchanged, within float rounding.
      EXPECT_LT((conv->weight() - conv->weight_v).abs().max().item<double>(), 1e-6) << item.key();
      if (item.key().starts_with("encoder")) {
        EXPECT_EQ(conv->bias.abs().max().item<double>(), 0) << item.key();
      }
    }
  }
}

TEST(Autoencoder, RefusesWhatCannotBeBuilt) {
  AutoencoderOptions options = tiny();
  options.decoder_strides = {2, 2};
  EXPECT_THROW(Autoencoder{options}, ConfigError);
  options = tiny();
  options.bottleneck.projections = false;
  EXPECT_THROW(Autoencoder{options}, ConfigError);
  options = tiny();
  options.decoder_channels = 2;  // halved twice: nothing left
  EXPECT_THROW(Autoencoder{options}, ConfigError);
}

TEST(Autoencoder, NamesAWrongNumberOfChannels) {
  Autoencoder model(tiny());
  try {
    (void)model->encode(torch::zeros({1, 2, 60}));
    FAIL();
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(), "audio has shape [1, 2, 60], expected [*, 1, *]");
  }
}

TEST(Autoencoder, RefusesASignalWithoutAFrame) {
  AutoencoderOptions options = tiny();
  EXPECT_THROW((void)Autoencoder(options)->encode(torch::zeros({1, 1, 0})), DataError);
  options.match_official = true;
  options.input_padding = "none";
  EXPECT_THROW((void)Autoencoder(options)->encode(torch::zeros({1, 1, 1})), DataError);
}

TEST(Autoencoder, MasksCodebooksInTrainingOnly) {
  AutoencoderOptions options = tiny();
  options.bottleneck.kind = "rvq";
  options.bottleneck.quantizer_dropout = 0.5;
  Autoencoder model(options, 1);
  const torch::NoGradGuard no_grad;
  const at::Tensor features = torch::randn({16, encoder_out_channels(options), 4});
  const Latent trained = model->bottleneck(features, {.generator = tensor::make_generator(2)});
  model->eval();
  const Latent full = model->bottleneck(features);
  const at::Tensor difference_B = (trained.z_BCF - full.z_BCF).abs().amax({1, 2});
  EXPECT_GT(difference_B.narrow(0, 0, 8).max().item<double>(), 0);
  EXPECT_EQ(difference_B.narrow(0, 8, 8).max().item<double>(), 0);
  EXPECT_EQ(model->bottleneck(features, {.num_codebooks = 2}).codes_BQF.size(1), 2);
}

}  // namespace
}  // namespace kilonat::codec
