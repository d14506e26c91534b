#include "kilonat/study/generation_plan.h"

#include <filesystem>

#include "base/temporary_folder.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/study/study_files.h"

namespace kilonat::study {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class MadeClips : public data::Source {
 public:
  explicit MadeClips(std::vector<data::ClipInfo> clips) : clips_(std::move(clips)) {}
  [[nodiscard]] std::size_t size() const override { return clips_.size(); }
  [[nodiscard]] const data::ClipInfo& info(std::size_t index) const override {
    return clips_[index];
  }
  [[nodiscard]] audio::AudioBuffer read(std::size_t) const override { return {}; }

 private:
  std::vector<data::ClipInfo> clips_;
};

Point codec_point(const std::string& id, double kbps) {
  Point point;
  point.id = id;
  point.family = "gaussian";
  point.label = id;
  point.status = PointStatus::kDone;
  point.target_kbps = kbps;
  point.config = "steps = 1\n";
  return point;
}

class GenerationPlan : public ::testing::Test {
 protected:
  GenerationPlan() {
    Results results;
    results.points = {codec_point("gaussian-2-seed0", 2), codec_point("gaussian-1-seed0", 1)};
    results.points.push_back(codec_point("opus-8", 8));
    results.points.back().family = "opus";
    save_results(folder_ / "results.json", results);
    for (const Point& point : results.points) {
      const fs::path run = folder_ / "runs" / run_name(point.id, point.config);
      fs::create_directories(run);
      write_text_atomic(run / "model.safetensors", "a model");
    }
  }

  kilonat::testing::TemporaryFolder temporary_;
  const fs::path& folder_ = temporary_.path();
};

TEST_F(GenerationPlan, TakesTheGaussianCodecsByRisingRate) {
  const auto codecs = studied_codecs(folder_, {});
  ASSERT_EQ(codecs.size(), 2U);
  EXPECT_EQ(codecs[0].point.id, "gaussian-1-seed0");
  EXPECT_TRUE(fs::exists(codecs[1].model));
  EXPECT_EQ(studied_codecs(folder_, {"gaussian-2-seed0"}).size(), 1U);
  EXPECT_THROW((void)studied_codecs(folder_, {"gaussian-9-seed0"}), ConfigError);
}

TEST_F(GenerationPlan, SaysWhichCodecIsGone) {
  fs::remove_all(folder_ / "runs" / run_name("gaussian-2-seed0", "steps = 1\n"));
  try {
    (void)studied_codecs(folder_, {});
    FAIL() << "the model is gone";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("gaussian-2-seed0"));
  }
}

TEST_F(GenerationPlan, GivesEveryCodecTheSameGeneratorUnderEachSeed) {
  GenerationOptions options;
  options.sources = {"clips.csv"};
  options.seeds = {0, 7};
  train::GeneratorTrainOptions base;
  base.run.steps = 12;
  const auto plan = plan_generation(options, studied_codecs(folder_, {}), base, folder_);
  ASSERT_EQ(plan.size(), 4U);
  EXPECT_EQ(plan[1].id, "gaussian-1-seed0.gen7");
  EXPECT_EQ(plan[1].training.run.seed, 7);
  EXPECT_EQ(plan[1].training.run.steps, 12);
  EXPECT_EQ(plan[0].training.batches.latents, plan[1].training.batches.latents);
  EXPECT_NE(plan[0].training.batches.latents, plan[2].training.batches.latents);
  EXPECT_EQ(chosen_generators(plan, {"gaussian-1-seed0"}).size(), 2U);
  EXPECT_EQ(chosen_generators(plan, {"gaussian-2-seed0.gen0"}).size(), 1U);
  EXPECT_EQ(chosen_generators(plan, {"gaussian-1-seed0", "gaussian-1-seed0.gen0"}).size(), 2U);
  EXPECT_THROW((void)chosen_generators(plan, {"opus-8"}), ConfigError);
  // So are those of other weights of the same config.
  write_text_atomic(studied_codecs(folder_, {})[0].model, "another model");
  const auto again = plan_generation(options, studied_codecs(folder_, {}), base, folder_);
  EXPECT_NE(plan[0].training.batches.latents, again[0].training.batches.latents);
  EXPECT_EQ(plan[2].training.batches.latents, again[2].training.batches.latents);
  // Other variants are other latents.
  options.variants = 9;
  const auto other = plan_generation(options, studied_codecs(folder_, {}), {}, folder_);
  EXPECT_NE(again[0].training.batches.latents, other[0].training.batches.latents);
}

TEST(StudyPrompts, TakeEachCaptionOnceBeforeOneComesAgain) {
  const MadeClips clips({{.id = "a", .caption = "a dog barks", .label = "dog"},
                         {.id = "b", .caption = "barking", .label = "dog"},
                         {.id = "c", .caption = "a dog barks", .label = "dog"},
                         {.id = "d", .label = "bell"},
                         {.id = "e", .caption = "something"}});
  const auto prompts = study_prompts(clips, 3, 100);
  ASSERT_EQ(prompts.size(), 6U);
  EXPECT_EQ(prompts[0].label, "bell");
  EXPECT_EQ(prompts[0].caption, "bell") << "its class, for want of a caption";
  EXPECT_EQ(prompts[3].caption, "a dog barks");
  EXPECT_EQ(prompts[4].caption, "barking");
  EXPECT_EQ(prompts[5].caption, "a dog barks");
  EXPECT_EQ(prompts[5].seed, 105U);
  const MadeClips unlabelled(std::vector<data::ClipInfo>{{.id = "e", .caption = "x"}});
  EXPECT_THROW((void)study_prompts(unlabelled, 1, 0), DataError);
}

}  // namespace
}  // namespace kilonat::study
