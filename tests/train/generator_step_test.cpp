#include "kilonat/train/generator_step.h"

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
  auto words = std::make_shared<text::WordEncoder>(
      generation::small_options().words, text::Vocabulary({"caption"}), 3);
  const torch::Tensor one = torch::ones({2}, torch::kDouble);
  generation::Generator model(
      generation::small_options(),
      words,
      diffusion::LatentNormaliser({torch::zeros({2}, torch::kDouble), one, one}, {}),
      3);
  model->eval();
  const auto score = score_generator(model, set, picks, 32, 1);
  EXPECT_EQ(score.num_frames, 1600);
  // The mean of 3200 squared errors with a relative deviation of about 1.5 each, over times in 32
  // strata: a standard error of 0.03.
  EXPECT_NEAR(score.normalised, 0, 0.1);
  EXPECT_EQ(score.normalised, score_generator(model, set, picks, 32, 1).normalised);
}

}  // namespace
}  // namespace kilonat::train
