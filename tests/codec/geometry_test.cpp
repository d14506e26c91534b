#include "kilonat/codec/geometry.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/seed_tree.h"
#include "kilonat/codec/autoencoder.h"

namespace kilonat::codec {
namespace {

AutoencoderOptions options_with(std::vector<std::int64_t> strides) {
  AutoencoderOptions options;
  options.encoder_channels = 2;
  options.decoder_channels = 16;
  options.encoder_strides = strides;
  options.decoder_strides.assign(strides.rbegin(), strides.rend());
  options.bottleneck.kind = "none";
  return options;
}

/// First and last index along the last axis where the gradient is not zero.
Span support(const at::Tensor& gradient) {
  const at::Tensor hit = gradient.abs().sum(1).sum(0).nonzero();
  return {hit.min().item<std::int64_t>(), hit.max().item<std::int64_t>()};
}

TEST(Geometry, SaysExactlyWhichSamplesAFrameReads) {
  for (const bool official : {false, true}) {
    for (const std::string padding : {"dac", "dacvae"}) {
      AutoencoderOptions options = options_with({2, 3});
      options.stride_padding = padding;
      options.match_official = official;
      Autoencoder model(options, 2);
      model->to(torch::kFloat64);
      const at::Tensor audio = torch::randn({1, 1, 1200}, torch::kFloat64).requires_grad_();
      const at::Tensor features = model->encoder(audio);
      ASSERT_EQ(features.size(-1), output_length(encoder_geometry(options), 1200));
      features.select(-1, 100).sum().backward();
      const Span expected = input_span(encoder_geometry(options), {100, 100});
      EXPECT_EQ(support(audio.grad()).first, expected.first);
      EXPECT_EQ(support(audio.grad()).last, expected.last);
    }
  }
}

TEST(Geometry, SaysExactlyWhichFramesASampleReads) {
  for (const bool official : {false, true}) {
    AutoencoderOptions options = options_with({2, 3});
    options.match_official = official;
    Autoencoder model(options, 2);
    model->to(torch::kFloat64);
    for (const std::int64_t sample : {600, 601, 602, 603, 604, 605}) {
      at::Tensor z =
          torch::randn({1, decoder_in_channels(options), 200}, torch::kFloat64).requires_grad_();
      const at::Tensor audio = model->decoder->features(z);
      ASSERT_EQ(audio.size(-1), output_length(decoder_geometry(options), 200));
      model->decoder->waveform(audio).select(-1, sample).sum().backward();
      const Span expected = input_span(decoder_geometry(options), {sample, sample});
      EXPECT_EQ(support(z.grad()).first, expected.first) << sample;
      EXPECT_EQ(support(z.grad()).last, expected.last) << sample;
    }
  }
}

TEST(Geometry, GivesTheKnownReceptiveFieldsOfOfficialModels) {
  // Computed from the official code's delay formula: 44.1 kHz DAC, 48 kHz dacvae, Oobleck 2048.
  EXPECT_EQ(encoder_receptive_field(options_with({2, 4, 8, 8})), 7978);
  EXPECT_EQ(encoder_receptive_field(options_with({2, 8, 10, 12})), 21826);
  EXPECT_EQ(encoder_receptive_field(options_with({2, 4, 4, 8, 8})), 31818);
  EXPECT_LE(decoder_receptive_field(options_with({2, 4, 8, 8})), 20);
  EXPECT_GE(decoder_receptive_field(options_with({2, 4, 8, 8})), 18);
}

}  // namespace
}  // namespace kilonat::codec
