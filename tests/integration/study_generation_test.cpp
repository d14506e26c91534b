/// A small generation study, from the codecs of a rate-distortion study to its table and page.

#include <algorithm>
#include <memory>

#include "integration/minute_model.h"
#include "integration/program.h"
#include "integration/small_generator.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kilonat::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kSounds = "procedural:kick,rain,siren,clips=8,seconds=1.5";

constexpr const char* kCodecs = R"([study]
codec = "{}/minute.toml"
rates_kbps = [0.3, 0.6]
codebooks = []
opus_kbps = [8]
listen_clips = 0
)";

constexpr const char* kGenerator = R"(steps = 6
sample_every = 0
)";

constexpr const char* kGeneration = R"([study]
generator = "{}/small.toml"
seeds = [0, 1]
variants = 1
guidance = [1, 2]
sampler_steps = 2
seconds = 1
sounds_per_class = 2
tuning_per_class = 1
)";

/// Codecs and a classifier for all tests.
class StudyGeneration : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = std::make_unique<Scratch>();
    write_minute_config(shared_->path());
    const std::string folder = shared_->path().string();
    write_bytes(shared_->path("codecs.toml"), fmt::format(fmt::runtime(kCodecs), folder));
    write_bytes(shared_->path("small.toml"), std::string(kSmallGenerator) + kGenerator);
    write_bytes(shared_->path("generation.toml"), fmt::format(fmt::runtime(kGeneration), folder));
    expect_success({"study",
                    "rd",
                    (*shared_)("codecs.toml"),
                    "--data",
                    kSounds,
                    "--points",
                    "gaussian",
                    "--out",
                    (*shared_)("codecs"),
                    "--quiet"});
    expect_success({"train-classifier",
                    "--data",
                    kSounds,
                    "--epochs",
                    "2",
                    "--set",
                    "classifier.width=4",
                    "--set",
                    "classifier.shortest_s=1.5",
                    "--set",
                    "augment.segment_s=1.5",
                    "--out",
                    (*shared_)("classifier.safetensors"),
                    "--quiet"});
  }
  static void TearDownTestSuite() { shared_.reset(); }

  Outcome run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"study",
                                   "generation",
                                   (*shared_)("generation.toml"),
                                   "--data",
                                   kSounds,
                                   "--codecs",
                                   (*shared_)("codecs"),
                                   "--out",
                                   scratch_("study")};
    words.insert(words.end(), more.begin(), more.end());
    return kilonat(words);
  }

  static std::vector<std::string> judge(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--classifier", (*shared_)("classifier.safetensors")});
    return more;
  }

  json results() const {
    return json::parse(read_bytes(scratch_.path("study") / "generation.json"));
  }

  static std::unique_ptr<Scratch> shared_;
  Scratch scratch_;
};

std::unique_ptr<Scratch> StudyGeneration::shared_;

TEST_F(StudyGeneration, TrainsScoresAndUsesAgainWhatIsThere) {
  const Outcome some = run(judge({"--points", "gaussian-0.3-seed0.gen0", "--threads", "1"}));
  ASSERT_EQ(some.exit_code, 0) << some.err;
  EXPECT_THAT(some.out, HasSubstr("its codec alone"));
  EXPECT_THAT(some.out, HasSubstr("not run yet"));
  const fs::path point = scratch_.path("study") / "points" / "gaussian-0.3-seed0.gen0.json";
  const fs::file_time_type written = fs::last_write_time(point);

  const Outcome rest = run(judge({"--jobs", "2"}));
  ASSERT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_EQ(fs::last_write_time(point), written);
  const json all = results();
  ASSERT_EQ(all["points"].size(), 4U);
  const fs::path run = fs::directory_iterator(scratch_.path("study") / "runs")->path();
  const Outcome info =
      kilonat({"info", (run / "model.safetensors").string(), "--json", scratch_("info.json")});
  ASSERT_EQ(info.exit_code, 0) << info.err;
  EXPECT_EQ(all["generator"]["parameters"],
            json::parse(read_bytes(scratch_.path("info.json")))["parameters"]);
  for (const json& found : all["points"]) {
    EXPECT_EQ(found["status"], "done") << found["id"];
    EXPECT_GT(found["rates"]["kl_kbps"], 0);
    EXPECT_GT(found["rates"]["diffusion_kbps"], 0);
    for (const char* metric : {"kad",
                               "class_accuracy",
                               "fad",
                               "kl_reference_first",
                               "kl_generated_first",
                               "inception_score",
                               "nearest_db",
                               "near_share",
                               "caption_words"}) {
      EXPECT_TRUE(found["metrics"].contains(metric)) << metric;
      EXPECT_TRUE(found["reconstruction"].contains(metric)) << metric;
    }
    EXPECT_EQ(found["guidance_curve"].size(), 2U);
    EXPECT_EQ(found["confusion"].size(), 3U);
    ASSERT_EQ(found["audio"].size(), 3U);  // one of each class
    EXPECT_TRUE(fs::exists(scratch_.path("study") / found["audio"][0]["file"].get<std::string>()));
  }
  EXPECT_EQ(all["anchors"].size(), 3U);
  EXPECT_FALSE(all.contains("best") && !all["best"].is_null()) << "two rates have no best one";
  EXPECT_TRUE(fs::exists(scratch_.path("study") / "generation.csv"));
  expect_success({"report", scratch_("study"), "--quiet"});
}

TEST_F(StudyGeneration, SaysInOneLineWhatIsWrong) {
  const auto expect_line = [](const Outcome& outcome, int exit_code, const std::string& what) {
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(what));
  };
  expect_line(run(), 2, "--classifier");
  expect_line(run({"--classifier", (*shared_)("none")}), 7, "none");
  expect_line(run(judge({"--points", "gaussian-7"})), 2, "gaussian-7");
  expect_line(run(judge({"--set", "run.stepps=3"})), 2, "did you mean 'steps'");
  expect_line(kilonat(judge({"study",
                             "generation",
                             (*shared_)("generation.toml"),
                             "--data",
                             kSounds,
                             "--codecs",
                             scratch_("nothing"),
                             "--out",
                             scratch_("study")})),
              7,
              "nothing");
  EXPECT_FALSE(fs::exists(scratch_.path("study")));
}

}  // namespace
}  // namespace kilonat::integration
