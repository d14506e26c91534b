#include "kilonat/study/results.h"

#include <cmath>
#include <limits>
#include <vector>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "study/made_results.h"
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::study {
namespace {

using kilonat::testing::message_of;
using kilonat::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::made_results;
using ::testing::Not;

/// What reading says of the made results after `change`.
template <class Change>
std::string complaint(Change&& change) {
  nlohmann::ordered_json tree = to_json(made_results());
  change(tree);
  return message_of<FormatError>([&] { (void)results_from_json(tree); });
}

TEST(Results, AreTheSameAfterAFile) {
  const TemporaryFolder folder;
  save_results(folder / "results.json", made_results());
  const Results read = load_results(folder / "results.json");
  EXPECT_EQ(to_json(read), to_json(made_results()));
  const Point& point = read.points.front();
  EXPECT_EQ(point.status, PointStatus::kDone);
  EXPECT_EQ(point.seed, 7U);
  EXPECT_EQ(point.latent->active_channels, 2);
  EXPECT_EQ(point.curve.metrics.at("rec/mel")[0], 4.5);
  EXPECT_EQ(point.curve.metrics.at("rec/mel")[1], std::nullopt);
  EXPECT_EQ(point.clips[0].informative_kbps, 1.875);
  EXPECT_EQ(point.clips[1].rate_kbps, std::nullopt);
  EXPECT_FALSE(read.distances[3].lower_is_better);
  EXPECT_EQ(read.points[1].why, "not run yet");
}

TEST(ClipRateSpread, CountsClipsByTheirSeconds) {
  std::vector<ClipResult> clips{{.file = "a", .seconds = 3, .rate_kbps = 1},
                                {.file = "b", .seconds = 1, .rate_kbps = 5},
                                {.file = "c", .seconds = 9}};
  // Mean 2, mean square 7.
  EXPECT_NEAR(clip_rate_spread_kbps(clips).value(), std::sqrt(3.0), 1e-12);
  clips.erase(clips.begin());
  EXPECT_EQ(clip_rate_spread_kbps(clips), std::nullopt);
}

TEST(Results, SayTheContractsNames) {
  const nlohmann::ordered_json tree = to_json(made_results());
  EXPECT_EQ(tree["format"], "kilonat-study");
  EXPECT_EQ(tree["version"], 1);
  EXPECT_EQ(tree["distances"][0]["better"], "lower");
  EXPECT_EQ(tree["points"][0]["rates"]["kl_kbps"], 2.0625);
  EXPECT_EQ(tree["points"][0]["audio"][0]["clip"], "a.wav");
  EXPECT_EQ(tree["originals"][0]["caption"], "a dog barks");
}

TEST(Results, LeaveOutWhatWasNotMeasured) {
  Results results = made_results();
  results.points[0].distances["stft_distance"] = std::numeric_limits<double>::quiet_NaN();
  const nlohmann::ordered_json tree = to_json(results);
  EXPECT_FALSE(tree["points"][0]["distances"].contains("stft_distance"));
  EXPECT_FALSE(tree["points"][1].contains("latent"));
  EXPECT_TRUE(tree["points"][1]["rates"].empty());
  EXPECT_TRUE(tree["points"][2]["target_kbps"].is_null());
  EXPECT_TRUE(tree["points"][0]["curve"]["rec/mel"][1].is_null());
}

TEST(Results, KeepNamesThatAreNoUtf8) {
  const TemporaryFolder folder;
  Results results = made_results();
  results.points[0].clips[0].file = "\xff.wav";
  save_results(folder / "results.json", results);
  EXPECT_EQ(load_results(folder / "results.json").points[0].clips[0].file, "\xEF\xBF\xBD.wav");
}

TEST(Results, PassOverKeysOfLaterBuilds) {
  nlohmann::ordered_json tree = to_json(made_results());
  tree["points"][0]["mood"] = "fine";
  EXPECT_EQ(results_from_json(tree).points.size(), 3U);
}

TEST(Results, NameTheFileAndTheCureInOneLine) {
  const TemporaryFolder folder;
  const std::string path = folder / "results.json";
  write_text_atomic(path, to_json(made_results()).dump().substr(0, 100));
  const std::string cut = message_of<FormatError>([&] { (void)load_results(path); });
  EXPECT_THAT(cut, AllOf(HasSubstr(path), HasSubstr("not whole JSON (100 bytes)")));
  EXPECT_THAT(cut, AllOf(HasSubstr("run 'kilonat study' again"), Not(HasSubstr("\n"))));
  EXPECT_THAT(message_of<IoError>([&] { (void)load_results(folder / "none.json"); }),
              HasSubstr("none.json"));
}

TEST(Results, NameWhatDoesNotFit) {
  EXPECT_EQ(complaint([](auto& tree) { tree["points"][0]["rates"]["kl_kbps"] = "two"; }),
            "points[0].rates.kl_kbps: a number was expected, found string");
  EXPECT_EQ(complaint([](auto& tree) { tree["points"][1].erase("family"); }),
            "points[1]: 'family' is not there");
  EXPECT_EQ(complaint([](auto& tree) { tree["points"][2]["status"] = "fine"; }),
            "points[2].status: 'fine', expected done, missing or failed");
  EXPECT_EQ(complaint([](auto& tree) { tree["points"][0]["curve"]["rec/mel"] = {1}; }),
            "points[0].curve.rec/mel: 1 values for 2 steps");
  EXPECT_THAT(complaint([](auto& tree) { tree["points"][0]["rates"]["kl"] = 2; }),
              HasSubstr("'kl' is not a rate"));
  EXPECT_THAT(complaint([](auto& tree) { tree["points"][1]["id"] = "gaussian-2-seed0"; }),
              HasSubstr("points[1].id: 'gaussian-2-seed0' is there twice"));
  EXPECT_THAT(complaint([](auto& tree) { tree["distances"][0]["better"] = "more"; }),
              HasSubstr("expected lower or higher"));
  EXPECT_THAT(complaint([](auto& tree) { tree["points"] = 3; }),
              HasSubstr("points: a list was expected, found number"));
  EXPECT_THAT(complaint([](auto& tree) { tree["points"][0]["steps"] = 1.5; }),
              HasSubstr("points[0].steps: a whole number was expected"));
}

TEST(Results, RefuseAnotherFormatAndALaterVersion) {
  EXPECT_THAT(complaint([](auto& tree) { tree["format"] = "other"; }),
              HasSubstr("format: 'other', expected 'kilonat-study'"));
  EXPECT_THAT(complaint([](auto& tree) { tree["version"] = 2; }), HasSubstr("version: 2"));
  EXPECT_THAT(complaint([](auto& tree) { tree = nlohmann::ordered_json::array(); }),
              HasSubstr("top: an object was expected, found array"));
}

}  // namespace
}  // namespace kilonat::study
