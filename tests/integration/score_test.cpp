/// kilonat train-classifier and kilonat score: from clips with classes to a table of figures.

#include <cmath>

#include "integration/program.h"
#include "integration/sounds.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kilonat::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kReference = "procedural:kick,rain,siren,clips=8,seconds=1.5";

/// One classifier for all tests.
class Score : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = new Scratch;
    const Outcome outcome = kilonat(train_words((*shared_)("classifier.safetensors")));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    training_output_ = new std::string(outcome.out);
  }
  static void TearDownTestSuite() {
    delete shared_;
    delete training_output_;
  }

  static std::vector<std::string> train_words(const std::string& out) {
    return {"train-classifier",
            "--data",
            kReference,
            "--epochs",
            "20",
            "--set",
            "classifier.width=4",
            "--set",
            "classifier.shortest_s=1.5",
            "--set",
            "augment.segment_s=1.5",
            "--out",
            out,
            "--json",
            out + ".json"};
  }
  static std::string classifier() { return (*shared_)("classifier.safetensors"); }

  /// A manifest of plucks that were asked for as kicks and rain.
  std::string generated() const {
    write_plucks(scratch_.path("generated"), 6);
    std::string csv = "file,class\n";
    for (int i = 0; i < 6; ++i) csv += fmt::format("pluck-{}.wav,{}\n", i, i < 3 ? "kick" : "rain");
    write_bytes(scratch_.path("generated/clips.csv"), csv);
    return scratch_("generated/clips.csv");
  }

  Outcome score(const std::string& sounds, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{
        "score", sounds, "--reference", kReference, "--classifier", classifier(), "--draws", "20"};
    words.insert(words.end(), more.begin(), more.end());
    return kilonat(words);
  }

  static Scratch* shared_;
  static std::string* training_output_;
  Scratch scratch_;
};

Scratch* Score::shared_ = nullptr;
std::string* Score::training_output_ = nullptr;

TEST_F(Score, TheClassifierReportsItsHeldOutAccuracyAndConfusions) {
  EXPECT_THAT(
      *training_output_,
      AllOf(HasSubstr("held-out accuracy"), HasSubstr("chance 33.3 %"), HasSubstr("taken for")));
  const json report = json::parse(read_bytes(classifier() + ".json"));
  EXPECT_EQ(report["held_out"]["clips"], 3);
  EXPECT_GT(report["held_out"]["accuracy"].get<double>(), 0.5);
  EXPECT_EQ(report["held_out"]["confusion"].size(), 3u);
  EXPECT_LT(report["parameters"].get<int>(), 1'000'000);
}

TEST_F(Score, TheClassifierIsNotReplacedUnlessForced) {
  const Outcome outcome = kilonat(train_words(classifier()));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(lines_of(outcome.err).size(), 1u) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("--force"));
}

TEST_F(Score, TellsRealSoundsFromSilenceAndNoise) {
  const Outcome outcome =
      score(generated(), {"--json", scratch_("score.json"), "--reconstructions", kReference});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("KAD classifier"),
                    HasSubstr("KL(reference||row)"),
                    HasSubstr("NOT comparable with published figures"),
                    HasSubstr("generated: asked for (rows)")));
  const json report = json::parse(read_bytes(scratch_.path("score.json")));
  std::map<std::string, json> rows;
  for (const json& row : report["rows"]) rows[row["row"].get<std::string>()] = row;
  ASSERT_EQ(rows.size(), 5u);
  const auto kad = [&](const std::string& row) {
    return rows[row]["embeddings"]["classifier"]["kad"]["value"].get<double>();
  };
  EXPECT_LT(kad("real"), kad("silence"));
  EXPECT_LT(kad("real"), kad("noise"));
  EXPECT_EQ(rows["generated"]["clips"], 6);
  EXPECT_EQ(rows["generated"]["clips_with_class"], 6);
  EXPECT_EQ(rows["reconstruction"]["clips"], 24);
  EXPECT_EQ(rows["silence"]["clips"], 3);
  // Silence is taken for one class, of which a third of the clips are.
  EXPECT_NEAR(rows["silence"]["accuracy"]["value"].get<double>(), 1.0 / 3, 1e-9);
  EXPECT_TRUE(report["choices"].contains("kl_reference_first"));
}

TEST_F(Score, HasNoAccuracyForAFolderWithoutClasses) {
  write_plucks(scratch_.path("sounds"), 3);
  const Outcome outcome = score(scratch_("sounds"), {"--json", scratch_("score.json")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const json report = json::parse(read_bytes(scratch_.path("score.json")));
  EXPECT_TRUE(report["rows"][0]["accuracy"].is_null());
}

TEST_F(Score, SaysInOneLineWhatItCannotUse) {
  const auto expect_error = [](const Outcome& outcome, int exit_code, const std::string& text) {
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_EQ(lines_of(outcome.err).size(), 1u) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(text));
  };
  const std::string sounds = generated();
  expect_error(score(sounds, {"--cnn14", classifier()}), 4, "are they of another network?");
  expect_error(score(sounds, {"--vggish", scratch_("none.pth")}), 7, "none.pth");
  expect_error(score(scratch_("nowhere")), 3, "nowhere");
  expect_error(kilonat({"score", sounds, "--reference", kReference, "--classifier", sounds}),
               4,
               "clips.csv");
  expect_error(kilonat({"train-classifier", "--out", scratch_("c.safetensors")}), 2, "--data");
  expect_error(
      kilonat({"train-classifier", "--data", scratch_("generated"), "--out", scratch_("c.st")}),
      3,
      "classes");
}

}  // namespace
}  // namespace kilonat::integration
