#include "kilonat/train/generator_step.h"

#include <cmath>
#include <limits>

#include "base/temporary_folder.h"
#include "generation/made_set.h"
#include "generation/small_generator.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/utils.h>

namespace kilonat::train {
namespace {

GeneratorTrainOptions small_train_options() {
  GeneratorTrainOptions options;
  options.generator = generation::small_options();
  options.optim.adamw.learning_rate = 3e-3;
  options.optim.schedule.warmup_steps = 0;
  return options;
}

generation::Generator fresh_model() {
  auto words = std::make_shared<text::WordEncoder>(
      generation::small_options().words, text::Vocabulary({"up", "down"}), 3);
  generation::Generator model(
      generation::small_options(), words, generation::small_normaliser(), 3);
  model->train();
  return model;
}

/// "up" is a rising row of latents, "down" a falling one.
generation::LatentBatch made_batch() {
  generation::LatentBatch batch;
  const torch::Tensor ramp_F = torch::linspace(-1, 1, 20);
  batch.x_BDF = torch::stack({ramp_F, -ramp_F, ramp_F, -ramp_F}).unsqueeze(1).repeat({1, 6, 1});
  batch.frame_mask_BF = torch::ones({4, 20}, torch::kBool);
  batch.duration_s_B = torch::ones({4});
  batch.captions = {"up", "down", "up", "down"};
  batch.ids = {"a", "b", "c", "d"};
  return batch;
}

double value_of(const StepResult& result, const std::string& name) {
  for (const Scalar& scalar : result.scalars) {
    if (scalar.name == name) return scalar.value;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

TEST(GeneratorStep, LearnsItsBatch) {
  GeneratorStep step(small_train_options(), fresh_model(), torch::kCPU);
  double first = 0;
  double last = 0;
  for (int i = 0; i < 60; ++i) {
    const double loss = value_of(step.run(i, made_batch()), "flow/loss");
    if (i < 10) first += loss / 10;
    if (i >= 50) last += loss / 10;
  }
  EXPECT_LT(last, 0.7 * first);
}

TEST(GeneratorStep, DependsOnTheSeedAndTheStepOnly) {
  GeneratorStep a(small_train_options(), fresh_model(), torch::kCPU);
  GeneratorStep b(small_train_options(), fresh_model(), torch::kCPU);
  a.run(5, made_batch());
  b.run(5, made_batch());
  const NamedTensors of_b = state_of(*b.model());
  for (const auto& [name, tensor] : state_of(*a.model())) {
    EXPECT_TRUE(torch::equal(tensor, of_b.at(name))) << name;
  }
  GeneratorStep c(small_train_options(), fresh_model(), torch::kCPU);
  GeneratorTrainOptions other = small_train_options();
  other.run.seed = 1;
  GeneratorStep d(other, fresh_model(), torch::kCPU);
  EXPECT_NE(value_of(c.run(0, made_batch()), "flow/loss"),
            value_of(d.run(0, made_batch()), "flow/loss"));
}

TEST(GeneratorStep, TrainsTheWordsToo) {
  GeneratorStep step(small_train_options(), fresh_model(), torch::kCPU);
  const torch::Tensor before = state_of(*step.model()).at("text.words.weight").clone();
  for (int i = 0; i < 3; ++i) step.run(i, made_batch());
  EXPECT_FALSE(torch::equal(before, state_of(*step.model()).at("text.words.weight")));
}

TEST(GeneratorStep, LeavesTheWeightsAloneWhenABatchIsNotFinite) {
  GeneratorStep step(small_train_options(), fresh_model(), torch::kCPU);
  const NamedTensors before = snapshot(state_of(*step.model()));
  generation::LatentBatch batch = made_batch();
  batch.x_BDF[0][0][0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(step.run(0, batch).not_finite, "the loss");
  for (const auto& [name, tensor] : state_of(*step.model())) {
    EXPECT_TRUE(torch::equal(tensor, before.at(name))) << name;
  }
  EXPECT_TRUE(step.has_finite_weights());
}

TEST(GeneratorStep, GoesOnFromACheckpointWithTheSameNumbers) {
  GeneratorStep whole(small_train_options(), fresh_model(), torch::kCPU);
  GeneratorStep first(small_train_options(), fresh_model(), torch::kCPU);
  for (int i = 0; i < 6; ++i) whole.run(i, made_batch());
  for (int i = 0; i < 3; ++i) first.run(i, made_batch());
  Checkpoint checkpoint;
  first.save_to(checkpoint);
  GeneratorStep second(small_train_options(), fresh_model(), torch::kCPU);
  second.restore_from(checkpoint);
  for (int i = 3; i < 6; ++i) second.run(i, made_batch());
  const NamedTensors averages = second.ema().tensors();
  for (const auto& [name, tensor] : whole.ema().tensors()) {
    EXPECT_TRUE(torch::equal(tensor, averages.at(name))) << name;
  }
}

/// Of latents that are N(0, 1) already; in evaluation mode.
generation::Generator model_of_two_channels() {
  auto words = std::make_shared<text::WordEncoder>(
      generation::small_options().words, text::Vocabulary({"caption"}), 3);
  const torch::Tensor one = torch::ones({2}, torch::kDouble);
  generation::Generator model(
      generation::small_options(),
      words,
      diffusion::LatentNormaliser({torch::zeros({2}, torch::kDouble), one, one}, {}),
      3);
  model->eval();
  return model;
}

TEST(ScoreGenerator, IsNoughtBeforeTrainingAndTheSameEachTime) {
  const kilonat::testing::TemporaryFolder folder;
  // Two channels of white noise: nothing can be known of them, and nothing is claimed to be.
  std::vector<generation::MadeClip> clips;
  for (std::int64_t i = 0; i < 64; ++i) {
    clips.push_back({.clip = i, .num_frames = 25, .split = "valid", .stddev = 1});
  }
  generation::write_made_set(folder / "set", clips);
  const generation::LatentSet set(folder / "set");
  const auto picks = generation::plain_picks(set, "valid", 0, 1);
  generation::Generator model = model_of_two_channels();
  const auto score = score_generator(model, set, picks, 32, 1);
  EXPECT_EQ(score.num_frames, 1600);
  // The mean of 3200 squared errors with a relative deviation of about 1.5 each, over times in 32
  // strata: a standard error of 0.03.
  EXPECT_NEAR(score.normalised, 0, 0.1);
  EXPECT_EQ(score.normalised, score_generator(model, set, picks, 32, 1).normalised);
}

TEST(DiffusionBound, CountsFramesOfClipsOfAnyLength) {
  const kilonat::testing::TemporaryFolder folder;
  std::vector<generation::MadeClip> clips;
  for (std::int64_t i = 0; i < 40; ++i) {
    clips.push_back({.clip = i, .num_frames = 40 + 3 * i, .split = "valid", .stddev = 0.5});
  }
  clips.push_back({.clip = 40, .num_frames = 20, .split = "valid", .value = 2, .stddev = 1});
  generation::write_made_set(folder / "set", clips);
  const generation::LatentSet set(folder / "set");
  generation::Generator model = model_of_two_channels();
  const auto bound_of = [&](std::size_t count) {
    auto picks = generation::plain_picks(set, "valid", 0, 1);
    picks.resize(count);
    return diffusion_bound(model, set, picks, 16, 1);
  };
  // Two channels each: 40 clips of 3940 frames, and one of 20 whose means are 2.
  const double narrow = 2 * 0.5 * (0.25 - 1 - std::log(0.25));
  EXPECT_NEAR(bound_of(40).static_nats, narrow, 1e-6);
  EXPECT_NEAR(bound_of(41).static_nats, (3940 * narrow + 20 * 4) / 3960, 1e-6);
  // A fresh network knows what the linear estimate knows.
  EXPECT_NEAR(bound_of(40).gain_nats, 0, 1e-4);
  EXPECT_EQ(bound_of(40).nats_per_frame(), bound_of(40).static_nats - bound_of(40).gain_nats);
}

TEST(DiffusionBound, FallsAsTheNetworkLearns) {
  const kilonat::testing::TemporaryFolder folder;
  std::vector<generation::MadeClip> clips;
  for (std::int64_t i = 0; i < 32; ++i) {
    clips.push_back({.clip = i, .num_frames = 20, .split = "train", .stddev = 0.3});
    clips.push_back({.clip = 32 + i, .num_frames = 20, .split = "valid", .stddev = 0.3});
  }
  generation::write_made_set(folder / "set", clips);
  const auto set = std::make_shared<const generation::LatentSet>(folder / "set");
  const auto picks = generation::plain_picks(*set, "valid", 0, 1);
  GeneratorStep step(small_train_options(), model_of_two_channels(), torch::kCPU);
  step.model()->train();
  generation::LatentBatches batches(set, "train", {.batch_size = 16}, 1);
  for (std::uint64_t i = 0; i < 150; ++i) step.run(static_cast<std::int64_t>(i), batches.make(i));
  step.model()->eval();
  const DiffusionBound bound = diffusion_bound(step.model(), *set, picks, 16, 1);
  // What there is to learn is that the channels are narrower than N(0, 1), all of the static nats.
  EXPECT_GT(bound.gain_nats, 0.5 * bound.static_nats);
  EXPECT_LT(bound.gain_nats, 1.05 * bound.static_nats);
}

}  // namespace
}  // namespace kilonat::train
