#include "kilonat/study/generation_results.h"

#include <limits>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "study/made_generation.h"
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::study {
namespace {

using json = nlohmann::ordered_json;
using kilonat::testing::message_of;
using kilonat::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::made_generation;
using ::testing::Not;

/// What reading says of the made results after `change`.
template <class Change>
std::string complaint(Change&& change) {
  json tree = to_json(made_generation());
  change(tree);
  return message_of<FormatError>([&] { (void)generation_from_json(tree); });
}

TEST(GenerationResults, AreTheSameAfterAFile) {
  const TemporaryFolder folder;
  save_generation(folder / "generation.json", made_generation());
  const GenerationResults read = load_generation(folder / "generation.json");
  EXPECT_EQ(to_json(read), to_json(made_generation()));
  const GenerationPoint& point = read.points.front();
  EXPECT_EQ(point.status, PointStatus::kDone);
  EXPECT_EQ(point.seed, 3U);
  EXPECT_EQ(point.metrics.at("kad").value, 0.25);
  EXPECT_EQ(point.metrics.at("kad").low, 0.125);
  EXPECT_EQ(point.confusion[0][1], 1);
  EXPECT_EQ(point.curve.metrics.at("eta")[1], 0.25);
  EXPECT_EQ(point.audio[0].seed, 11U);
  EXPECT_EQ(point.guidance_curve[1].guidance, 3);
  EXPECT_FALSE(read.metrics[1].lower_is_better);
  EXPECT_EQ(read.generator.parameters, 1050000);
  EXPECT_EQ(read.best->share[1].share, 0.25);
  EXPECT_EQ(read.correlations[0].spearman, -0.5);
}

TEST(GenerationResults, SayTheContractsNames) {
  const json tree = to_json(made_generation());
  EXPECT_EQ(tree["format"], "kilonat-generation");
  EXPECT_EQ(tree["version"], 1);
  EXPECT_EQ(tree["metrics"][0]["better"], "lower");
  EXPECT_EQ(tree["generator"]["parameters"], 1050000);
  const json& point = tree["points"][0];
  EXPECT_EQ(point["metrics"]["kad"], (json{{"value", 0.25}, {"low", 0.125}, {"high", 0.5}}));
  EXPECT_EQ(point["guidance_curve"][0]["metrics"]["kad"]["value"], 0.5);
  EXPECT_EQ(point["audio"][0]["class"], "dog");
  EXPECT_EQ(point["confusion"][1], (json{0.0, 4.0}));
  EXPECT_EQ(point["rates"]["predictive_kbps"], 1.5);
  EXPECT_EQ(tree["best"]["share"][0], (json{{"target_kbps", 2.0}, {"share", 0.75}}));
}

TEST(GenerationResults, KeepMissingWhatIsMissing) {
  const GenerationResults read = generation_from_json(to_json(made_generation()));
  const GenerationPoint& missing = read.points[1];
  EXPECT_EQ(missing.steps, std::nullopt);
  EXPECT_EQ(missing.guidance, std::nullopt);
  EXPECT_EQ(missing.eta, std::nullopt);
  EXPECT_TRUE(missing.metrics.empty());
  EXPECT_TRUE(missing.confusion.empty());
  EXPECT_EQ(read.points[2].target_kbps, std::nullopt);
  EXPECT_EQ(read.points[0].metrics.at("class_accuracy").low, std::nullopt);
  EXPECT_EQ(read.points[0].audio[1].seed, std::nullopt);
  EXPECT_EQ(read.correlations[1].spearman, std::nullopt);
  EXPECT_TRUE(read.anchors[1].metrics.empty());
}

TEST(GenerationResults, ReadAPointOfNothingButItsNameAndState) {
  const json tree = {{"format", "kilonat-generation"},
                     {"version", 1},
                     {"name", "bare"},
                     {"points", {{{"id", "a"}, {"status", "missing"}}}}};
  const GenerationResults read = generation_from_json(tree);
  ASSERT_EQ(read.points.size(), 1U);
  EXPECT_EQ(read.points[0].target_kbps, std::nullopt);
  EXPECT_EQ(read.generator.parameters, std::nullopt);
  EXPECT_EQ(read.data.clips, std::nullopt);
  EXPECT_EQ(read.best, std::nullopt);
}

TEST(GenerationResults, TakeNullAndWhatIsNotFiniteAsNotMeasured) {
  GenerationResults results = made_generation();
  results.points[0].metrics["kad"].value = std::numeric_limits<double>::quiet_NaN();
  results.points[0].metrics["class_accuracy"].high = std::numeric_limits<double>::infinity();
  results.points[0].eta = std::numeric_limits<double>::quiet_NaN();
  json tree = to_json(results);
  EXPECT_FALSE(tree["points"][0]["metrics"].contains("kad"));
  EXPECT_FALSE(tree["points"][0]["metrics"]["class_accuracy"].contains("high"));
  EXPECT_FALSE(tree["points"][0].contains("eta"));
  tree["points"][0]["metrics"]["kad"] = nullptr;
  tree["points"][0]["metrics"]["class_accuracy"]["value"] = nullptr;
  EXPECT_TRUE(generation_from_json(tree).points[0].metrics.empty());
}

TEST(GenerationResults, PassOverKeysOfLaterBuilds) {
  json tree = to_json(made_generation());
  tree["points"][0]["mood"] = "fine";
  EXPECT_EQ(generation_from_json(tree).points.size(), 3U);
}

TEST(GenerationResults, NameTheFileAndTheCureInOneLine) {
  const TemporaryFolder folder;
  const std::string path = folder / "generation.json";
  write_text_atomic(path, to_json(made_generation()).dump().substr(0, 100));
  const std::string cut = message_of<FormatError>([&] { (void)load_generation(path); });
  EXPECT_THAT(cut, AllOf(HasSubstr(path), HasSubstr("not whole JSON (100 bytes)")));
  EXPECT_THAT(cut, AllOf(HasSubstr("run 'kilonat study' again"), Not(HasSubstr("\n"))));
  EXPECT_THAT(message_of<IoError>([&] { (void)load_generation(folder / "none.json"); }),
              HasSubstr("none.json"));
}

TEST(GenerationResults, NameWhatDoesNotFit) {
  EXPECT_EQ(complaint([](json& tree) { tree["points"][0]["metrics"]["kad"]["value"] = "two"; }),
            "points[0].metrics.kad.value: a number was expected, found string");
  EXPECT_EQ(complaint([](json& tree) {
              tree["points"][0]["metrics"]["fad"] = {{"value", 1}};
            }),
            "points[0].metrics: 'fad' is none of the file's metrics");
  EXPECT_EQ(complaint([](json& tree) { tree["points"][0]["metrics"]["kad"]["low"] = 1; }),
            "points[0].metrics.kad: low 1 above high 0.5");
  EXPECT_EQ(complaint([](json& tree) { tree["points"][0]["confusion"][1] = {1}; }),
            "points[0].confusion[1]: 1 columns for 2 classes");
  EXPECT_EQ(complaint([](json& tree) { tree["points"][0]["confusion"].erase(1); }),
            "points[0].confusion: 1 rows for 2 classes");
  EXPECT_EQ(complaint([](json& tree) { tree["points"][0]["confusion"][1][0] = -1; }),
            "points[0].confusion[1][0]: expected 0 or more");
  EXPECT_EQ(complaint([](json& tree) { tree["points"][1]["status"] = "fine"; }),
            "points[1].status: 'fine', expected done, missing or failed");
  EXPECT_EQ(complaint([](json& tree) { tree["points"][2]["id"] = "gaussian-4-seed0.gen0"; }),
            "points[2].id: 'gaussian-4-seed0.gen0' is there twice");
  EXPECT_EQ(complaint([](json& tree) { tree["points"][0]["seed"] = -1; }),
            "points[0].seed: -1, expected 0 or more");
  EXPECT_EQ(complaint([](json& tree) { tree["best"]["share"][0]["share"] = 1.5; }),
            "best.share[0].share: 1.5, expected 0 to 1");
  EXPECT_EQ(complaint([](json& tree) { tree["best"]["metric"] = "fad"; }),
            "best.metric: 'fad' is none of the file's metrics");
  EXPECT_EQ(complaint([](json& tree) { tree["metrics"][0]["better"] = "more"; }),
            "metrics[0].better: 'more', expected lower or higher");
  EXPECT_THAT(complaint([](json& tree) { tree["points"][0]["rates"]["kl"] = 2; }),
              HasSubstr("'kl' is not a rate"));
}

TEST(GenerationResults, RefuseAnotherFormatAndALaterVersion) {
  EXPECT_THAT(complaint([](json& tree) { tree["format"] = "kilonat-study"; }),
              HasSubstr("format: 'kilonat-study', expected 'kilonat-generation'"));
  EXPECT_THAT(complaint([](json& tree) { tree["version"] = 2; }), HasSubstr("version: 2"));
  EXPECT_THAT(complaint([](json& tree) { tree = json::array(); }),
              HasSubstr("top: an object was expected, found array"));
}

}  // namespace
}  // namespace kilonat::study
