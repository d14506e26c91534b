#include "kilonat/codec/streaming.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/seed_tree.h"
#include "kilonat/tensor/random.h"

namespace kilonat::codec {
namespace {

// Other sums of the same terms: convolutions pick their blocking by length.
constexpr double kRounding = 1e-5;

AutoencoderOptions random_options(Rng& rng) {
  AutoencoderOptions options;
  options.sample_rate_hz = 16000;
  options.num_channels = 1 + static_cast<std::int64_t>(rng.integer(2));
  options.encoder_channels = 4;
  options.decoder_channels = 16;
  options.encoder_strides.clear();
  const auto num_blocks = 1 + rng.integer(3);
  for (std::uint64_t i = 0; i < num_blocks; ++i) {
    options.encoder_strides.push_back(2 + static_cast<std::int64_t>(rng.integer(4)));
  }
  options.decoder_strides.assign(options.encoder_strides.rbegin(), options.encoder_strides.rend());
  options.stride_padding = rng.integer(2) == 0 ? "dac" : "dacvae";
  options.match_official = rng.integer(2) == 0;
  options.input_padding = rng.integer(2) == 0 ? "zero" : "reflect";
  if (options.match_official && rng.integer(3) == 0) options.input_padding = "none";
  options.bottleneck.latent_channels = 3;
  if (rng.integer(4) == 0) options.bottleneck.kind = "none";
  return options;
}

/// Pieces of random lengths, empty at the end.
AudioSource in_pieces(const at::Tensor& audio_CT, Rng& rng) {
  auto position = std::make_shared<std::int64_t>(0);
  return [=, &rng] {
    const std::int64_t left = audio_CT.size(-1) - *position;
    const auto length =
        std::min<std::int64_t>(left, 1 + static_cast<std::int64_t>(rng.integer(300)));
    const at::Tensor piece = audio_CT.narrow(-1, *position, length);
    *position += length;
    return piece;
  };
}

TEST(Streaming, GivesWhatTheWholeSignalGives) {
  Rng rng(11);
  for (int trial = 0; trial < 30; ++trial) {
    const AutoencoderOptions options = random_options(rng);
    Autoencoder model(options, static_cast<std::uint64_t>(trial));
    model->eval();
    const torch::NoGradGuard no_grad;
    const std::int64_t hop = model->hop_length();
    const std::int64_t length =
        1 + static_cast<std::int64_t>(rng.integer(static_cast<std::uint64_t>(60 * hop)));
    // Both official rounding rules can leave nothing of a very short signal.
    if (model->num_frames(length) == 0) continue;
    SCOPED_TRACE(testing::Message()
                 << "trial " << trial << ", hop " << hop << ", length " << length);
    const at::Tensor audio_CT =
        torch::randn({options.num_channels, length}, tensor::make_generator(rng.bits()));
    const Reconstruction whole = model->forward(audio_CT.unsqueeze(0), {});
    std::vector<at::Tensor> latents;
    std::vector<at::Tensor> audio;
    const std::int64_t samples = reconstruct_stream(
        model,
        in_pieces(audio_CT, rng),
        [&](const at::Tensor& piece) { audio.push_back(piece); },
        {},
        {.frames_per_chunk = 1 + static_cast<std::int64_t>(rng.integer(9))},
        [&](const Latent& latent) { latents.push_back(latent.latent_BDF); });
    const at::Tensor latent = torch::cat(latents, -1);
    ASSERT_EQ(latent.sizes(), whole.latent.latent_BDF.sizes());
    EXPECT_LT((latent - whole.latent.latent_BDF).abs().max().item<double>(), kRounding);
    ASSERT_EQ(samples, whole.audio_BCT.size(-1));
    if (samples == 0) continue;
    const at::Tensor joined = torch::cat(audio, -1).unsqueeze(0);
    ASSERT_EQ(joined.sizes(), whole.audio_BCT.sizes());
    EXPECT_LT((joined - whole.audio_BCT).abs().max().item<double>(), kRounding);
  }
}

TEST(Streaming, GivesTheSameCodes) {
  AutoencoderOptions options;
  options.encoder_channels = 4;
  options.decoder_channels = 16;
  options.encoder_strides = {2, 4};
  options.decoder_strides = {4, 2};
  options.bottleneck = {.kind = "rvq", .num_codebooks = 2, .codebook_size = 8, .codebook_dim = 2};
  Autoencoder model(options, 1);
  model->eval();
  const torch::NoGradGuard no_grad;
  const at::Tensor audio_CT = torch::randn({1, 800}, tensor::make_generator(3));
  std::vector<at::Tensor> codes;
  StreamingEncoder encoder(model,
                           [&](const Latent& latent) { codes.push_back(latent.codes_BQF); },
                           {},
                           {.frames_per_chunk = 7});
  encoder.push(audio_CT);
  encoder.finish();
  EXPECT_TRUE(at::equal(torch::cat(codes, -1), model->encode(audio_CT.unsqueeze(0)).codes_BQF));
  EXPECT_EQ(encoder.num_frames(), 100);
}

TEST(Streaming, HoldsBackNoMoreThanAChunkAndItsContext) {
  AutoencoderOptions options;
  options.encoder_channels = 2;
  options.decoder_channels = 4;
  options.encoder_strides = {2, 3};
  options.decoder_strides = {3, 2};
  Autoencoder model(options, 1);
  model->eval();
  const ChunkOptions chunks{.frames_per_chunk = 20};
  StreamingDecoder decoder(
      model, [](const at::Tensor&) {}, chunks);
  StreamingEncoder encoder(
      model, [&](const Latent& latent) { decoder.push(latent.latent_BDF.squeeze(0)); }, {}, chunks);
  const std::int64_t hop = model->hop_length();
  for (int i = 0; i < 300; ++i) {
    encoder.push(torch::zeros({1, 50}));
    EXPECT_LT(encoder.num_buffered(), 20 * hop + encoder_receptive_field(options) + hop);
    EXPECT_LT(decoder.num_buffered(), 20 + decoder_receptive_field(options));
  }
  // Nearly all of the 15000 samples have come out again.
  EXPECT_GT(decoder.num_samples(), 14000);
}

TEST(Streaming, KeepsNoMoreThanItNeeds) {
  SignalWindow window;
  for (int i = 0; i < 100; ++i) {
    window.append(torch::full({1, 10}, i));
    window.drop_before(window.end() - 15);
  }
  EXPECT_EQ(window.first(), 985);
  EXPECT_EQ(window.end(), 1000);
  const at::Tensor kept = window.slice(985, 1000);
  EXPECT_EQ(kept[0][0].item<float>(), 98);
  EXPECT_EQ(static_cast<std::int64_t>(kept.storage().nbytes()), 15 * kept.element_size());
}

TEST(Streaming, RefusesAnEmptySignalAndATrainingModel) {
  AutoencoderOptions options;
  options.encoder_channels = 2;
  options.decoder_channels = 16;
  Autoencoder model(options);
  EXPECT_THROW(StreamingEncoder(model, [](const Latent&) {}), InternalError);
  model->eval();
  StreamingEncoder encoder(model, [](const Latent&) {});
  EXPECT_THROW(encoder.finish(), DataError);
  StreamingDecoder decoder(model, [](const at::Tensor&) {});
  EXPECT_THROW(decoder.finish(), DataError);
}

}  // namespace
}  // namespace kilonat::codec
