#include "kilonat/metrics/generation_scores.h"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"

namespace kilonat::metrics {
namespace {

constexpr std::int64_t kClasses = 3;

torch::Tensor normal(std::int64_t rows, std::int64_t width, std::uint64_t seed) {
  return torch::randn({rows, width}, tensor::make_generator(seed), torch::TensorOptions());
}

/// Clips of classes 0, 1, 2, 0, .. that a classifier is 80 % sure of, with embeddings about the
/// origin, two rows a clip in "vggish".
SoundSet make_set(std::int64_t num_clips, std::uint64_t seed) {
  SoundSet set;
  std::vector<torch::Tensor> posteriors;
  EmbeddedClips frames;
  for (std::int64_t i = 0; i < num_clips; ++i) {
    set.ids.push_back("clip-" + std::to_string(i));
    set.classes.push_back(i % kClasses);
    set.durations_s.push_back(1);
    torch::Tensor posterior = torch::full({kClasses}, 0.1);
    posterior[i % kClasses] = 0.8;
    posteriors.push_back(posterior.log());
    frames.clips.insert(frames.clips.end(), 2, i);
  }
  set.log_posteriors_NK = torch::stack(posteriors);
  set.statistics_ND = normal(num_clips, 6, seed);
  frames.rows_ND = normal(2 * num_clips, 4, seed + 1);
  set.embeddings["vggish"] = frames;
  auto& clips = set.embeddings["classifier"];
  clips.rows_ND = normal(num_clips, 8, seed + 2);
  for (std::int64_t i = 0; i < num_clips; ++i) clips.clips.push_back(i);
  return set;
}

TEST(EmbeddedClips, TakesAllRowsOfTheClipsThatAreDrawn) {
  const EmbeddedClips clips{torch::arange(10).view({5, 2}), {0, 0, 1, 2, 2}};
  const torch::Tensor drawn = torch::tensor({0, 2, 2}, torch::kLong);
  EXPECT_TRUE(torch::equal(clips.rows_of(drawn).select(1, 0),
                           torch::tensor({0, 2, 6, 8, 6, 8}, torch::kLong)));
  EXPECT_TRUE(torch::equal(clips.weights_of(drawn),
                           torch::tensor({1.0, 1.0, 0.0, 2.0, 2.0}, torch::kDouble)));
}

TEST(GenerationScorer, GivesUnseenRealClipsTheirOwnAnchor) {
  const SoundSet training = make_set(60, 10);
  const SoundSet held_out = make_set(40, 20);
  const GenerationScorer scorer(training, held_out);
  const SoundScores scores = scorer.score(held_out);
  EXPECT_EQ(scores.num_clips, 40);
  EXPECT_DOUBLE_EQ(scores.accuracy->value, 1);
  // One in twenty by definition: 2 of 40.
  EXPECT_DOUBLE_EQ(scores.near_share.value, 0.05);
  // The posteriors are those of the reference.
  EXPECT_NEAR(scores.kl_reference_first->value, 0, 1e-6);
  EXPECT_NEAR(scores.kl_set_first->value, 0, 1e-6);
  for (const auto& [name, distance] : scores.distances) {
    EXPECT_LE(distance.kernel.low, 0) << name;
    EXPECT_GE(distance.kernel.high, 0) << name;
  }
  EXPECT_EQ(scores.distances.at("vggish").num_rows, 80);
  EXPECT_EQ(scores.distances.at("classifier").dimensions, 8);
}

TEST(GenerationScorer, TellsASetThatIsOff) {
  const SoundSet held_out = make_set(40, 20);
  const GenerationScorer scorer(make_set(60, 10), held_out);
  SoundSet set = make_set(40, 30);
  set.embeddings["classifier"].rows_ND = set.embeddings["classifier"].rows_ND + 1;
  set.log_posteriors_NK = torch::full({40, kClasses}, 1.0 / 3).log();
  const SoundScores scores = scorer.score(set);
  const SoundScores real = scorer.score(held_out);
  EXPECT_GT(scores.distances.at("classifier").kernel.low,
            real.distances.at("classifier").kernel.high);
  EXPECT_GT(scores.distances.at("classifier").frechet.low,
            real.distances.at("classifier").frechet.high);
  EXPECT_NEAR(scores.inception_score.value, 1, 1e-6);
  // KL(reference || uniform) = ln 3 - H(0.8, 0.1, 0.1), and the other way round.
  const double entropy = -0.8 * std::log(0.8) - 0.2 * std::log(0.1);
  EXPECT_NEAR(scores.kl_reference_first->value, std::log(3.0) - entropy, 1e-6);
  EXPECT_NEAR(
      scores.kl_set_first->value, -std::log(3.0) - (std::log(0.8) + 2 * std::log(0.1)) / 3, 1e-6);
}

TEST(GenerationScorer, ExposesCopiesOfTrainingClips) {
  const SoundSet training = make_set(60, 10);
  const GenerationScorer scorer(training, make_set(40, 20));
  const SoundScores scores = scorer.score(training);
  EXPECT_EQ(scores.nearest_db.value, 0);
  EXPECT_EQ(scores.near_share.value, 1);
}

TEST(GenerationScorer, HasNoClassFiguresForClipsWithoutAClass) {
  const SoundSet held_out = make_set(40, 20);
  const GenerationScorer scorer(make_set(60, 10), held_out);
  SoundSet set = make_set(10, 30);
  set.classes.assign(10, -1);
  const SoundScores none = scorer.score(set);
  EXPECT_FALSE(none.accuracy || none.kl_reference_first || none.kl_set_first);
  set.classes[4] = 1;  // and is taken for it
  set.classes[5] = 0;  // and is not
  const SoundScores two = scorer.score(set);
  EXPECT_EQ(two.num_with_class, 2);
  EXPECT_DOUBLE_EQ(two.accuracy->value, 0.5);
}

TEST(GenerationScorer, RefusesSetsThatItCannotScore) {
  const SoundSet held_out = make_set(40, 20);
  const GenerationScorer scorer(make_set(60, 10), held_out);
  EXPECT_THROW((void)scorer.score(make_set(1, 1)), DataError);
  SoundSet set = make_set(10, 30);
  set.embeddings["other"] = set.embeddings["vggish"];
  EXPECT_THROW((void)scorer.score(set), ShapeError);
}

}  // namespace
}  // namespace kilonat::metrics
