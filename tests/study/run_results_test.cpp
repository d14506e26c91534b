#include "kilonat/study/run_results.h"

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::study {
namespace {

using kilonat::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kLog =
    "{\"step\":10,\"rec/mel\":4.0,\"rate/target_kbps\":2.0}\n"
    "{\"step\":20,\"rec/mel\":3.0,\"rate/target_kbps\":2.0,\"valid/kbps\":2.5,\"valid/mel\":1.5}\n";

void make_run(const TemporaryFolder& folder, const std::string& config, const char* log = kLog) {
  write_text_atomic(folder / "config.toml", config);
  write_text_atomic(folder / "metrics.jsonl", log);
}

constexpr const char* kGaussian =
    "[codec.bottleneck]\nkind = \"gaussian\"\n[rate]\nlaw = \"dual\"\n[run]\nseed = 5\n";

TEST(RunResults, HoldWhatTheLogSaysAndNoMore) {
  const TemporaryFolder folder;
  make_run(folder, kGaussian);
  const Results results = run_results(folder.path());
  EXPECT_EQ(results.kind, "run");
  ASSERT_EQ(results.points.size(), 1U);
  const Point& point = results.points.front();
  EXPECT_EQ(point.family, "gaussian");
  EXPECT_EQ(point.label, "2 kbit/s");
  EXPECT_EQ(point.seed, 5U);
  EXPECT_EQ(point.steps, 20);
  EXPECT_EQ(point.target_kbps, 2.0);
  EXPECT_EQ(point.rates, (Figures{{"kl_kbps", 2.5}}));
  EXPECT_EQ(point.distances, (Figures{{"mel_distance", 1.5}}));
  EXPECT_EQ(point.config, kGaussian);
  EXPECT_TRUE(results.originals.empty());
}

TEST(RunResults, SayThatATrainingHasNotEnded) {
  const TemporaryFolder folder;
  make_run(folder, kGaussian);
  EXPECT_THAT(run_results(folder.path()).data.description, HasSubstr("has not ended"));
  write_text_atomic(folder / "model.safetensors", "");
  EXPECT_EQ(run_results(folder.path()).data.description, "");
}

TEST(RunResults, CallARateByItsKindOfModel) {
  const TemporaryFolder rvq;
  make_run(rvq, "[codec.bottleneck]\nkind = \"rvq\"\n");
  EXPECT_EQ(run_results(rvq.path()).points[0].rates, (Figures{{"nominal_kbps", 2.5}}));

  const TemporaryFolder fixed;
  make_run(fixed, "[codec.bottleneck]\nkind = \"gaussian\"\n[rate]\nlaw = \"fixed\"\n");
  const Results results = run_results(fixed.path());
  EXPECT_EQ(results.points[0].family, "fixed_beta");
  EXPECT_EQ(results.points[0].target_kbps, std::nullopt);  // a fixed weight aims at no rate
}

TEST(RunResults, PairSoundsInTheOrderOfTheirNumbers) {
  const TemporaryFolder folder;
  make_run(folder, kGaussian);
  create_folder(folder / "audio");
  for (const char* name : {"clip-10-original.wav", "clip-2-original.wav", "notes.txt"}) {
    write_text_atomic(folder / "audio" / name, "");
  }
  const Results results = run_results(folder.path());
  ASSERT_EQ(results.originals.size(), 2U);
  EXPECT_EQ(results.originals[0].clip, "clip-2");
  EXPECT_EQ(results.originals[1].file, "audio/clip-10-original.wav");
  EXPECT_EQ(results.points[0].audio[1].file, "audio/clip-10-reconstruction.wav");
}

TEST(RunResults, NameAConfigThatIsBroken) {
  const TemporaryFolder folder;
  make_run(folder, "[rate]\nlaw = \n");
  EXPECT_THAT(kilonat::testing::message_of<FormatError>([&] { (void)run_results(folder.path()); }),
              AllOf(HasSubstr("config.toml"), HasSubstr("line 2")));
}

TEST(RunResults, KnowARunFolder) {
  const TemporaryFolder folder;
  EXPECT_FALSE(is_run_folder(folder.path()));
  make_run(folder, kGaussian);
  EXPECT_TRUE(is_run_folder(folder.path()));
}

}  // namespace
}  // namespace kilonat::study
