/// A small rate-distortion study from its config to its table.

#include "integration/minute_model.h"
#include "integration/program.h"
#include "integration/small_visqol_model.h"
#include "integration/sounds.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kilonat::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr const char* kStudy = R"([study]
codec = "{}/minute.toml"
rates_kbps = [0.3, 0.6]
codebooks = [1, 2]
codebook_size = 16
fixed_betas = [0.01]
opus_kbps = [8]
listen_clips = 1
split = "all"
)";

class Study : public ::testing::Test {
 protected:
  Study() {
    for (int i = 0; i < 12; ++i) {
      write_wav(scratch_.path("sounds") / ("pluck-" + std::to_string(i) + ".wav"),
                {.seconds = 2.5},
                pluck(i));
    }
    write_minute_config(scratch_.path());
    std::string text = kStudy;
    text.replace(text.find("{}"), 2, scratch_.path().string());
    write_bytes(scratch_.path("study.toml"), text);
  }

  Outcome run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"study",
                                   "rd",
                                   scratch_("study.toml"),
                                   "--data",
                                   scratch_("sounds"),
                                   "--out",
                                   scratch_("study"),
                                   "--threads",
                                   "1"};
    words.insert(words.end(), more.begin(), more.end());
    return kilonat(words);
  }

  /// Points of results.json by id.
  std::map<std::string, json> points() const {
    const json results = json::parse(read_bytes(scratch_.path("study") / "results.json"));
    std::map<std::string, json> result;
    for (const json& point : results["points"]) result[point["id"]] = point;
    return result;
  }

  Scratch scratch_;
};

TEST_F(Study, TrainsMeasuresAndUsesAgainWhatIsThere) {
  const Outcome first = run({"--points", "gaussian-0.3-seed0", "opus"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("measuring opus-8, clip 12 of 12"));
  const auto some = points();
  ASSERT_EQ(some.size(), 6U);
  EXPECT_EQ(some.at("gaussian-0.3-seed0")["status"], "done");
  EXPECT_EQ(some.at("opus-8")["status"], "done");
  EXPECT_EQ(some.at("rvq-2-seed0")["status"], "missing");
  EXPECT_TRUE(some.at("rvq-2-seed0")["distances"].empty());
  const auto point_file = scratch_.path("study") / "points" / "gaussian-0.3-seed0.json";
  const fs::file_time_type written = fs::last_write_time(point_file);

  const Outcome rest = run({"--jobs", "2"});
  ASSERT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_THAT(rest.err, ContainsRegex("study step [1-9][0-9]*/"));
  EXPECT_EQ(fs::last_write_time(point_file), written);
  const auto all = points();
  for (const auto& [id, point] : all) EXPECT_EQ(point["status"], "done") << id;
  const json& gaussian = all.at("gaussian-0.6-seed0");
  EXPECT_GT(gaussian["rates"]["kl_kbps"], 0);
  EXPECT_GT(gaussian["rates"]["predictive_kbps"], 0);
  EXPECT_EQ(gaussian["latent"]["nats_per_channel"].size(), 4U);
  EXPECT_EQ(gaussian["clips"].size(), 12U);
  EXPECT_EQ(gaussian["audio"].size(), 1U);
  EXPECT_TRUE(fs::exists(scratch_.path("study") / gaussian["audio"][0]["file"].get<std::string>()));
  // 4 bits a codebook at 50 frames/s; the codes themselves need no more.
  EXPECT_DOUBLE_EQ(all.at("rvq-1-seed0")["rates"]["nominal_kbps"], 0.2);
  EXPECT_DOUBLE_EQ(all.at("rvq-2-seed0")["rates"]["nominal_kbps"], 0.4);
  EXPECT_LE(all.at("rvq-2-seed0")["rates"]["entropy_kbps"], 0.4);
  EXPECT_GT(all.at("opus-8")["rates"]["actual_kbps"], 1);
  EXPECT_THAT(rest.out, HasSubstr("fixed_beta-0.01-seed0"));

  const Outcome again = run();
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(fs::last_write_time(point_file), written);
}

TEST_F(Study, MeasuresAnewWhenTheConfigChanges) {
  ASSERT_EQ(run({"--points", "opus"}).exit_code, 0);
  ASSERT_EQ(run({"--points", "gaussian-0.3-seed0"}).exit_code, 0);
  const std::string before = points().at("gaussian-0.3-seed0")["config_hash"];
  ASSERT_EQ(run({"--points", "gaussian-0.3-seed0", "--set", "run.steps=6"}).exit_code, 0);
  const auto after = points();
  EXPECT_NE(after.at("gaussian-0.3-seed0")["config_hash"], before);
  EXPECT_EQ(after.at("gaussian-0.3-seed0")["steps"], 6);
}

TEST_F(Study, TrainsOnceForEachSeed) {
  const Outcome outcome = run({"--seeds",
                               "0",
                               "1",
                               "--points",
                               "gaussian-0.3-seed0",
                               "gaussian-0.3-seed1",
                               "--jobs",
                               "2",
                               "--set",
                               "run.steps=6"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto all = points();
  const json& first = all.at("gaussian-0.3-seed0");
  const json& second = all.at("gaussian-0.3-seed1");
  EXPECT_EQ(first["seed"], 0);
  EXPECT_EQ(second["seed"], 1);
  EXPECT_EQ(second["steps"], 6);
  EXPECT_EQ(first["label"], second["label"]);
  EXPECT_NE(first["distances"]["mel_distance"], second["distances"]["mel_distance"]);
}

TEST_F(Study, KeepsTheTableOfWhatIsDoneWhenARunFails) {
  ASSERT_EQ(run({"--points", "opus-8"}).exit_code, 0);
  fs::remove(scratch_.path("study") / "results.json");
  fs::create_directories(scratch_.path("study"));
  write_bytes(scratch_.path("study") / "runs", "a file where the folder should be");
  EXPECT_EQ(run({"--points", "gaussian-0.3-seed0"}).exit_code, 7);
  EXPECT_EQ(points().at("opus-8")["status"], "done");
  EXPECT_EQ(points().at("gaussian-0.3-seed0")["status"], "failed");
  EXPECT_THAT(points().at("gaussian-0.3-seed0")["why"], HasSubstr("runs"));
  EXPECT_EQ(points().at("gaussian-0.6-seed0")["status"], "missing");
  fs::remove(scratch_.path("study") / "runs");
  EXPECT_EQ(run({"--points", "gaussian-0.3-seed0"}).exit_code, 0);
  EXPECT_EQ(points().at("gaussian-0.3-seed0")["status"], "done");
}

TEST_F(Study, MeasuresSimilarityWithoutAQualityModel) {
  ASSERT_EQ(run({"--points", "opus-8"}).exit_code, 0);
  const json distances = points().at("opus-8")["distances"];
  EXPECT_GT(distances["visqol_nsim"], 0.1);
  EXPECT_LE(distances["visqol_nsim"], 1.0);
  EXPECT_FALSE(distances.contains("visqol_moslqo"));
}

TEST_F(Study, ScoresWithAQualityModel) {
  write_bytes(scratch_.path("model.txt"), kSmallVisqolModel);
  ASSERT_EQ(run({"--points", "opus-8", "--visqol-model", scratch_("model.txt")}).exit_code, 0);
  const json distances = points().at("opus-8")["distances"];
  EXPECT_GT(distances["visqol_moslqo"], 3);
  EXPECT_LT(distances["visqol_moslqo"], 4);
  EXPECT_FALSE(distances.contains("visqol_nsim"));
}

TEST_F(Study, EndsWithTheExitCodeOfTheRunThatFailed) {
  fs::create_directories(scratch_.path("study"));
  write_bytes(scratch_.path("study") / "points", "a file where the folder should be");
  const Outcome outcome = run({"--jobs", "2"});
  EXPECT_EQ(outcome.exit_code, 7) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("failed, as it said above"));
}

TEST_F(Study, SaysInOneLineWhatIsWrong) {
  const Outcome unknown = run({"--points", "gaussian-7"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("gaussian-0.3-seed0"));
  EXPECT_EQ(std::count(unknown.err.begin(), unknown.err.end(), '\n'), 1);
  const Outcome no_model = run({"--visqol-model", scratch_("none.txt")});
  EXPECT_NE(no_model.exit_code, 0);
  EXPECT_THAT(no_model.err, HasSubstr("none.txt"));
  const Outcome no_sounds = kilonat({"study",
                                     "rd",
                                     scratch_("study.toml"),
                                     "--data",
                                     scratch_("nothing"),
                                     "--out",
                                     scratch_("empty")});
  EXPECT_EQ(no_sounds.exit_code, 3);
  EXPECT_FALSE(fs::exists(scratch_.path("empty")));
  const Outcome no_config = kilonat({"study", "rd", "no-such-study", "--data", "x"});
  EXPECT_EQ(no_config.exit_code, 2);
  EXPECT_THAT(no_config.err, HasSubstr("conf/study/no-such-study.toml"));
}

}  // namespace
}  // namespace kilonat::integration
