#include "kilonat/train/codec_step.h"

#include <algorithm>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"

namespace kilonat::train {
namespace {

CodecTrainOptions small_options() {
  CodecTrainOptions options;
  options.codec.sample_rate_hz = 8000;
  options.codec.encoder_channels = 4;
  options.codec.encoder_strides = {2, 4};
  options.codec.decoder_channels = 16;
  options.codec.decoder_strides = {4, 2};
  options.codec.bottleneck.latent_channels = 4;
  options.run.precision = "fp32";
  options.rate.law.target_kbps = 2;
  options.rate.edge_frames = 2;
  options.loss.mel.window_lengths = {64, 256};
  options.loss.mel.num_mels = {8, 16};
  options.loss.waveform_weight = 1;
  options.optim.generator.learning_rate = 1e-3;
  return options;
}

torch::Tensor sound(std::uint64_t seed) {
  return 0.3 * torch::randn({4, 1, 512}, tensor::make_generator(seed), torch::TensorOptions());
}

CodecStep make_step(const CodecTrainOptions& options) {
  codec::Autoencoder model(options.codec, 5);
  model->train();
  return CodecStep(options, model, torch::kCPU);
}

double value_of(const StepResult& result, const std::string& name) {
  const auto found = std::find_if(result.scalars.begin(),
                                  result.scalars.end(),
                                  [&](const Scalar& scalar) { return scalar.name == name; });
  return found == result.scalars.end() ? std::numeric_limits<double>::quiet_NaN() : found->value;
}

/// Largest difference of the weights.
double distance(CodecStep& a, CodecStep& b) {
  double largest = 0;
  const NamedTensors of_b = state_of(*b.model());
  for (const auto& [name, tensor] : state_of(*a.model())) {
    largest = std::max(largest, (tensor - of_b.at(name)).abs().max().item<double>());
  }
  return largest;
}

TEST(CodecStep, LowersTheReconstructionLoss) {
  CodecStep step = make_step(small_options());
  const double before = value_of(step.run(0, sound(1)), "rec/mel");
  double after = 0;
  for (int i = 1; i < 30; ++i) after = value_of(step.run(i, sound(1)), "rec/mel");
  EXPECT_LT(after, 0.9 * before);
}

TEST(CodecStep, InBf16FollowsFloat32) {
  CodecTrainOptions options = small_options();
  CodecStep exact = make_step(options);
  options.run.precision = "bf16";
  CodecStep rounded = make_step(options);
  for (int i = 0; i < 20; ++i) {
    const StepResult of_exact = exact.run(i, sound(1));
    const StepResult of_rounded = rounded.run(i, sound(1));
    EXPECT_TRUE(of_rounded.not_finite.empty());
    const double mel = value_of(of_exact, "rec/mel");
    EXPECT_NEAR(value_of(of_rounded, "rec/mel"), mel, 0.03 * mel) << i;
  }
  EXPECT_GT(distance(exact, rounded), 0);  // it was in bf16
  for (const auto& [name, tensor] : state_of(*rounded.model())) {
    EXPECT_EQ(tensor.scalar_type(), at::kFloat) << name;
  }
}

// The price is the same whichever frames the law steers by: see Note [Who pays and who counts].
TEST(CodecStep, MakesAllFramesPayWhicheverCount) {
  CodecTrainOptions options = small_options();
  options.rate.law.law = "fixed";
  options.rate.law.beta = 1;
  CodecStep many = make_step(options);
  options.rate.edge_frames = 31;  // of 64
  CodecStep few = make_step(options);
  const double of_many = value_of(many.run(0, sound(1)), "rate/nats_per_frame");
  const double of_few = value_of(few.run(0, sound(1)), "rate/nats_per_frame");
  EXPECT_NE(of_many, of_few);
  EXPECT_EQ(distance(many, few), 0);
}

TEST(CodecStep, DependsOnSeedAndStepOnly) {
  CodecStep a = make_step(small_options());
  CodecStep b = make_step(small_options());
  torch::manual_seed(1);
  (void)a.run(0, sound(1));
  torch::manual_seed(2);  // the global generator has no say
  (void)torch::randn({10});
  (void)b.run(0, sound(1));
  EXPECT_EQ(distance(a, b), 0);
  (void)a.run(1, sound(1));
  (void)b.run(2, sound(1));  // another step: other noise
  EXPECT_GT(distance(a, b), 0);
}

TEST(CodecStep, MovesTheSameInMicroBatches) {
  CodecTrainOptions options = small_options();
  CodecStep whole = make_step(options);
  options.run.micro_batches = 2;
  CodecStep split = make_step(options);
  const StepResult a = whole.run(0, sound(1));
  const StepResult b = split.run(0, sound(1));
  // The gradient is the same to float32 rounding of sums over 2048 samples.
  EXPECT_NEAR(value_of(b, "optim/grad_norm") / value_of(a, "optim/grad_norm"), 1, 1e-4);
  EXPECT_NEAR(value_of(b, "rate/nats_per_frame"), value_of(a, "rate/nats_per_frame"), 1e-5);
  EXPECT_NEAR(value_of(b, "rec/mel"), value_of(a, "rec/mel"), 1e-5);
}

TEST(CodecStep, ChangesNothingOnABatchThatIsNotFinite) {
  CodecStep step = make_step(small_options());
  CodecStep untouched = make_step(small_options());
  torch::Tensor bad = sound(1);
  bad[2][0][100] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(step.run(0, bad).not_finite.empty());
  EXPECT_EQ(distance(step, untouched), 0);
}

TEST(CodecStep, ContinuesExactlyFromACheckpoint) {
  CodecStep whole = make_step(small_options());
  for (int i = 0; i < 6; ++i) (void)whole.run(i, sound(1));

  CodecStep first = make_step(small_options());
  for (int i = 0; i < 3; ++i) (void)first.run(i, sound(1));
  Checkpoint checkpoint;
  first.save_to(checkpoint);
  for (auto& [name, group] : checkpoint.groups) group = snapshot(group);

  CodecStep second = make_step(small_options());
  second.restore_from(checkpoint);
  for (int i = 3; i < 6; ++i) (void)second.run(i, sound(1));
  EXPECT_EQ(distance(whole, second), 0);
  const NamedTensors averages = second.ema().tensors();
  for (const auto& [name, average] : whole.ema().tensors()) {
    EXPECT_TRUE(torch::equal(average, averages.at(name))) << name;
  }
}

TEST(CodecStep, RefusesACheckpointOfAnotherModel) {
  CodecStep step = make_step(small_options());
  Checkpoint checkpoint;
  step.save_to(checkpoint);
  checkpoint.groups["model"].erase(checkpoint.groups["model"].begin());
  EXPECT_THROW(step.restore_from(checkpoint), FormatError);
}

TEST(CodecStep, TrainsARvqCodecWithoutARateLaw) {
  CodecTrainOptions options = small_options();
  options.codec.bottleneck.kind = "rvq";
  options.codec.bottleneck.num_codebooks = 2;
  options.codec.bottleneck.codebook_size = 16;
  CodecStep step = make_step(options);
  EXPECT_EQ(step.law(), nullptr);
  const StepResult result = step.run(0, sound(1));
  EXPECT_TRUE(result.not_finite.empty());
  EXPECT_GT(value_of(result, "vq/commitment"), 0);
}

}  // namespace
}  // namespace kilonat::train
