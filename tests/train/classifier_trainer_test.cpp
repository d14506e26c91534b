#include "kilonat/train/classifier_trainer.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"

namespace kilonat::train {
namespace {

/// Three sounds that differ much, a small network, a second or two.
ClassifierTrainOptions small_options() {
  ClassifierTrainOptions options;
  options.classifier.shortest_s = 1.5;
  options.classifier.width = 4;
  options.classifier.embedding_width = 32;
  options.augment.segment_s = 1.5;
  options.run.epochs = 12;
  options.data.sources = {"procedural:kick,rain,siren,clips=16,seconds=1.5"};
  return options;
}

TEST(ClassifierTrainer, LearnsToTellSoundsThatItHasNotHeard) {
  std::vector<std::int64_t> steps;
  const TrainedClassifier trained = train_classifier(
      small_options(), [&](std::int64_t step, std::int64_t num_steps, double loss) {
        steps.push_back(step);
        EXPECT_EQ(num_steps, 24);  // 42 clips in batches of 16, 12 epochs
        EXPECT_GT(loss, 0);
      });
  EXPECT_EQ(steps.size(), 24u);
  EXPECT_EQ(trained.network->classes(), (std::vector<std::string>{"kick", "rain", "siren"}));
  EXPECT_EQ(trained.held_out.num_clips, 6);
  EXPECT_EQ(trained.training.num_clips, 42);
  EXPECT_EQ(trained.held_out.confusion_KK.sum().item<std::int64_t>(), 6);
  EXPECT_FALSE(trained.network->is_training());
  // Chance is one third: 42 clips would reach 60 % by chance with a probability below 0.1 %.
  EXPECT_GT(trained.training.accuracy.value, 0.6);
  EXPECT_GE(trained.held_out.accuracy.value, 4.0 / 6);
}

TEST(ClassifierTrainer, GivesTheSameWeightsFromTheSameSeed) {
  ClassifierTrainOptions options = small_options();
  options.run.epochs = 1;
  const auto weight = [&] {
    return train_classifier(options).network->named_parameters()["class_weight"].detach().clone();
  };
  const torch::Tensor first = weight();
  EXPECT_TRUE(torch::equal(first, weight()));
  options.run.seed = 1;
  EXPECT_FALSE(torch::equal(first, weight()));
}

TEST(ClassifierTrainer, RefusesDataWithoutClasses) {
  ClassifierTrainOptions options = small_options();
  options.data.sources = {"procedural:kick,clips=16,seconds=1.5"};
  EXPECT_THROW((void)train_classifier(options), DataError);
}

TEST(ClassifierTrainer, RefusesOptionsThatDoNotGoTogether) {
  ClassifierTrainOptions options = small_options();
  options.augment.segment_s = 3;
  EXPECT_THROW(check(options), ConfigError);
  options = small_options();
  options.augment.noise_min_db = -10;
  EXPECT_THROW(check(options), ConfigError);
}

class ClassifierBatches : public testing::Test {
 protected:
  ClassifierBatches()
      : network_(
            options_.classifier, std::vector<std::string>{"a", "b"}, tensor::make_generator(0)) {}

  /// A clip of silence with a burst of power 1 in one frame.
  static torch::Tensor burst(std::int64_t num_frames, std::int64_t frame) {
    torch::Tensor powers = torch::zeros({64, num_frames});
    powers.select(1, frame).fill_(1);
    return powers;
  }

  ClassifierTrainOptions options_ = small_options();
  metrics::SoundClassifier network_;
};

TEST_F(ClassifierBatches, CutWhereTheClipSounds) {
  options_.augment.masked_s = 0;
  options_.augment.masked_mels = 0;
  options_.augment.mix_share = 0;
  LabelledClips clips;
  clips.powers_MF = {burst(100, 70)};
  clips.classes = {1};
  const std::vector<std::size_t> numbers{0};
  int sounding = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng(seed);
    const ClassifierBatch batch = make_classifier_batch(clips, numbers, *network_, options_, rng);
    EXPECT_EQ(batch.levels_BMF.size(2), 47);  // 1.5 s of hops of 512 at 16 kHz
    // The burst is 70 dB above the floor give or take 6 dB; noise reaches 25 dB on average.
    if (batch.levels_BMF.max().item<float>() > 2.8) ++sounding;
  }
  // One cut in two holds it: all of eight draws miss it in one of 200 batches or fewer.
  EXPECT_GE(sounding, 38);
}

TEST_F(ClassifierBatches, FillUpShortClipsAndSmoothTheTargets) {
  options_.augment.mix_share = 0;
  LabelledClips clips;
  clips.powers_MF = {burst(10, 3), burst(60, 3)};
  clips.classes = {1, 0};
  const std::vector<std::size_t> numbers{0, 1};
  Rng rng(1);
  const ClassifierBatch batch = make_classifier_batch(clips, numbers, *network_, options_, rng);
  EXPECT_EQ(batch.levels_BMF.sizes(), (at::IntArrayRef{2, 64, 47}));
  EXPECT_NEAR(batch.targets_BK[0][1].item<float>(), 0.95, 1e-6);
  EXPECT_NEAR(batch.targets_BK[0][0].item<float>(), 0.05, 1e-6);
}

TEST_F(ClassifierBatches, MixTheTargetsWithTheSounds) {
  options_.augment.mix_share = 1;
  LabelledClips clips;
  clips.powers_MF = {burst(47, 3), burst(47, 9)};
  clips.classes = {1, 0};
  const std::vector<std::size_t> numbers{0, 1};
  bool is_mixed = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    const ClassifierBatch batch = make_classifier_batch(clips, numbers, *network_, options_, rng);
    EXPECT_NEAR(batch.targets_BK.sum().item<float>(), 2, 1e-5);
    // The louder one keeps the larger share.
    EXPECT_GE(batch.targets_BK[0][1].item<float>(), 0.5 - 1e-6);
    is_mixed = is_mixed || batch.targets_BK[0][1].item<float>() < 0.9;
  }
  EXPECT_TRUE(is_mixed);
}

}  // namespace
}  // namespace kilonat::train
