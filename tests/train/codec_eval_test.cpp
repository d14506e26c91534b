#include "kilonat/train/codec_eval.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"

namespace kilonat::train {
namespace {

codec::Autoencoder small_model(const std::string& bottleneck) {
  codec::AutoencoderOptions options;
  options.sample_rate_hz = 8000;
  options.encoder_channels = 4;
  options.encoder_strides = {2, 4};
  options.decoder_channels = 16;
  options.decoder_strides = {4, 2};
  options.bottleneck.kind = bottleneck;
  options.bottleneck.latent_channels = 4;
  options.bottleneck.num_codebooks = 2;
  options.bottleneck.codebook_size = 16;
  codec::Autoencoder model(options, 3);
  model->eval();
  return model;
}

/// Clips of 1, 2 and 3 s.
ClipSet some_clips() {
  std::vector<Clip> clips;
  for (int seconds = 1; seconds <= 3; ++seconds) {
    const torch::Tensor audio =
        0.2 *
        torch::randn({1, 8000 * seconds}, tensor::make_generator(seconds), torch::TensorOptions());
    clips.push_back({"clip-" + std::to_string(seconds), audio, 1.0, static_cast<double>(seconds)});
  }
  return ClipSet(clips);
}

TEST(EvaluateCodec, WeighsClipsByTheirDuration) {
  codec::Autoencoder model = small_model("gaussian");
  const Evaluation result = evaluate_codec(model, some_clips(), {});
  ASSERT_EQ(result.clips.size(), 3u);
  EXPECT_DOUBLE_EQ(result.duration_s, 6);
  double mel = 0;
  for (const ClipEvaluation& clip : result.clips) {
    mel += clip.duration_s * clip.distances.mel_distance / 6;
  }
  EXPECT_NEAR(result.distances.mel_distance, mel, 1e-9);
  EXPECT_TRUE(result.of_shuffled.has_value());
  EXPECT_GT(result.of_silence.mel_distance, 0);
}

TEST(EvaluateCodec, ReportsRatesOfAGaussianCodecPerClip) {
  codec::Autoencoder model = small_model("gaussian");
  const Evaluation result = evaluate_codec(model, some_clips(), {});
  ASSERT_TRUE(result.latent.has_value());
  EXPECT_EQ(result.latent->nats_per_channel.size(), 4u);
  for (const ClipEvaluation& clip : result.clips) EXPECT_EQ(clip.rate->clip, clip.id);
  EXPECT_FALSE(result.entropy_kbps.has_value());
}

TEST(EvaluateCodec, ReportsNominalRateAndEntropyOfADiscreteCodec) {
  codec::Autoencoder model = small_model("rvq");
  const Evaluation result = evaluate_codec(model, some_clips(), {});
  EXPECT_FALSE(result.latent.has_value());
  EXPECT_NEAR(*result.nominal_kbps, 2 * 4 * 1000.0 / 1000, 1e-9);  // 2 x log2(16) bits, 1000 Hz
  EXPECT_GT(*result.entropy_kbps, 0);
  EXPECT_LE(*result.entropy_kbps, *result.nominal_kbps);
}

TEST(EvaluateCodec, RefusesToMeasureNothing) {
  codec::Autoencoder model = small_model("gaussian");
  EXPECT_THROW((void)evaluate_codec(model, ClipSet(std::vector<Clip>{}), {}), DataError);
}

TEST(CodeClip, SamplesTheSameForTheSameSeed) {
  codec::Autoencoder model = small_model("gaussian");
  const torch::Tensor audio = some_clips().clip(0).audio_CT;
  const auto a = code_clip(model, audio, {.seed = 1}).reconstruction_CT;
  EXPECT_EQ(a.sizes(), audio.sizes());
  EXPECT_TRUE(torch::equal(a, code_clip(model, audio, {.seed = 1}).reconstruction_CT));
  EXPECT_FALSE(torch::equal(a, code_clip(model, audio, {.seed = 2}).reconstruction_CT));
  EXPECT_FALSE(
      torch::equal(a, code_clip(model, audio, {.seed = 1, .sample = false}).reconstruction_CT));
}

TEST(EdgeFrames, CoverHalfTheEncodersReceptiveField) {
  codec::AutoencoderOptions dac44;
  EXPECT_EQ(edge_frames(dac44), 8);  // 7978 samples are 15.6 frames of 512
}

}  // namespace
}  // namespace kilonat::train
