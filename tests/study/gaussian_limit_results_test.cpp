#include "kilonat/study/gaussian_limit_results.h"

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "study/made_limit.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/study/gaussian_limit_options.h"

namespace kilonat::study {
namespace {

using json = nlohmann::ordered_json;
using kilonat::testing::message_of;
using kilonat::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::made_limit;

/// What reading says of the made results after `change`.
template <class Change>
std::string complaint(Change&& change) {
  json tree = json_of(made_limit());
  change(tree);
  return message_of<FormatError>([&] { (void)limit_results_from_json(tree); });
}

TEST(LimitResults, AreTheSameAfterAFile) {
  const TemporaryFolder folder;
  save_limit_results(folder.path(), made_limit());
  const LimitResults read = load_limit_results(limit_results_path(folder.path()));
  EXPECT_EQ(json_of(read), json_of(made_limit()));
  EXPECT_EQ(read.points[0].gap.gap_db, 0.5);
  EXPECT_EQ(read.points[0].seed, 7);
  EXPECT_EQ(read.curves[0].squared_error[1], 0.25);
  EXPECT_EQ(read.missing, std::vector<std::string>{"not-yet"});
  EXPECT_EQ(read_text(folder / "gaussian_limit.csv"), limit_csv(made_limit()));
}

TEST(LimitResults, SayTheirFormatAndWhichPointsArePossible) {
  const json tree = json_of(made_limit());
  EXPECT_EQ(tree["format"], "kilonat-gaussian-limit");
  EXPECT_EQ(tree["version"], 1);
  EXPECT_EQ(tree["points"][0]["possible"], true);
  EXPECT_EQ(tree["points"][1]["possible"], true);  // below by two standard errors
  EXPECT_EQ(tree["points"][2]["possible"], false);
}

TEST(LimitResults, HaveOneRowAPoint) {
  EXPECT_THAT(limit_csv(made_limit()),
              AllOf(HasSubstr("id,source,target_bits_per_sample,bits_per_sample,"),
                    HasSubstr("\r\nabove,gaussian-white,1.0,1.0,0.999,"),
                    HasSubstr(",false,32,1500,7,0123456789abcdef\r\n")));
}

TEST(LimitResults, NameTheKeyThatDoesNotFit) {
  EXPECT_THAT(complaint([](json& tree) { tree["format"] = "kilonat-study"; }),
              HasSubstr("format: 'kilonat-study', expected 'kilonat-gaussian-limit'"));
  EXPECT_THAT(complaint([](json& tree) { tree["version"] = 2; }), HasSubstr("version: 2"));
  EXPECT_THAT(complaint([](json& tree) { tree["points"][1].erase("gap_db"); }),
              AllOf(HasSubstr("points[1]"), HasSubstr("gap_db")));
  EXPECT_THAT(complaint([](json& tree) { tree["points"][1]["id"] = "above"; }),
              HasSubstr("points[1].id: 'above' is there twice"));
  EXPECT_THAT(complaint([](json& tree) { tree["points"][0]["source"] = "pink"; }),
              HasSubstr("points[0].source: 'pink' has no curve"));
  EXPECT_THAT(complaint([](json& tree) { tree["points"][0]["squared_error"] = 0; }),
              HasSubstr("points[0].squared_error"));
  EXPECT_THAT(complaint([](json& tree) { tree["curves"][0]["squared_error"][2] = 0; }),
              HasSubstr("curves[0].squared_error[2]"));
  EXPECT_THAT(complaint([](json& tree) { tree["curves"][0]["squared_error"].erase(2); }),
              HasSubstr("curves[0]: 3 rates for 2 errors"));
}

TEST(LimitPoint, ComesBackFromJson) {
  const LimitPoint point = made_limit().points[0];
  EXPECT_EQ(json_of(limit_point_from_json(json_of(point))), json_of(point));
}

TEST(LimitCurve, IsTheOneThatThePointsAreDrawnOn) {
  const LimitCurve curve = sample_curve("gaussian-white", limit_of("gaussian-white"), 2);
  EXPECT_EQ(curve.bits_per_sample.back(), 2);
  EXPECT_NEAR(curve.squared_error.back(), 0.01 / 16, 1e-9);
  EXPECT_NEAR(curve.squared_error.front(), 0.01, 1e-9);
}

}  // namespace
}  // namespace kilonat::study
