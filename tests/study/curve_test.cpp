#include "kilonat/study/curve.h"

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::study {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Values = std::vector<std::optional<double>>;

Curve curve_of(const std::string& log) {
  const kilonat::testing::TemporaryFolder folder;
  write_text_atomic(folder / "metrics.jsonl", log);
  return read_curve(folder / "metrics.jsonl");
}

TEST(Curve, JoinsTheLinesOfAStepAndLeavesGapsEmpty) {
  const Curve curve = curve_of(
      "{\"step\":10,\"time_s\":1.5,\"rec/mel\":4.0,\"rate/kbps\":null}\n"
      "{\"step\":10,\"time_s\":1.6,\"valid/mel\":3.0}\n"
      "{\"step\":20,\"time_s\":1.7,\"rec/mel\":3.5,\"rate/kbps\":2.0}\n");
  EXPECT_THAT(curve.step, ElementsAre(10, 20));
  EXPECT_EQ(curve.metrics.size(), 3U);  // time_s is none
  EXPECT_EQ(curve.metrics.at("rec/mel"), (Values{4.0, 3.5}));
  EXPECT_EQ(curve.metrics.at("valid/mel"), (Values{3.0, std::nullopt}));
  EXPECT_EQ(curve.metrics.at("rate/kbps"), (Values{std::nullopt, 2.0}));
}

TEST(LastLoggedStep, IsThatOfTheLastWholeLine) {
  const kilonat::testing::TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  EXPECT_EQ(last_logged_step(path), 0);
  write_text_atomic(path, "");
  EXPECT_EQ(last_logged_step(path), 0);
  write_text_atomic(path, "{\"step\":7}\n");
  EXPECT_EQ(last_logged_step(path), 7);
  write_text_atomic(path, "{\"step\":7}\n{\"step\":8,\"a/b\":1}\n{\"step\":9,\"a/");
  EXPECT_EQ(last_logged_step(path), 8);
  write_text_atomic(path, std::string(100000, ' ') + "\n{\"step\":11}\n");
  EXPECT_EQ(last_logged_step(path), 11);
}

TEST(Curve, PassesOverALastLineThatWasCutOff) {
  EXPECT_THAT(curve_of("{\"step\":1,\"a/b\":1}\n{\"step\":2,\"a/").step, ElementsAre(1));
  EXPECT_TRUE(curve_of("").step.empty());
}

TEST(Curve, NamesALineThatIsNone) {
  EXPECT_THAT(kilonat::testing::message_of<FormatError>(
                  [] { (void)curve_of("{\"step\":1}\nhello\n{\"step\":2}\n"); }),
              AllOf(HasSubstr("metrics.jsonl"), HasSubstr("line 2")));
}

TEST(Curve, ThinsToMeansOfWhatIsThere) {
  const Curve curve{{1, 2, 3, 4, 5},
                    {{"a", {1.0, 3.0, std::nullopt, 7.0, 9.0}},
                     {"b", {std::nullopt, std::nullopt, 2.0, std::nullopt, std::nullopt}}}};
  const Curve thin = thinned(curve, 2);
  EXPECT_THAT(thin.step, ElementsAre(2, 4, 5));
  EXPECT_EQ(thin.metrics.at("a"), (Values{2.0, 7.0, 9.0}));
  EXPECT_EQ(thin.metrics.at("b"), (Values{std::nullopt, 2.0, std::nullopt}));
  EXPECT_EQ(thinned(curve, 1).metrics, curve.metrics);
}

TEST(Curve, KnowsTheLastValueThatIsThere) {
  const Curve curve{{1, 2}, {{"a", {1.0, std::nullopt}}, {"b", {std::nullopt, std::nullopt}}}};
  EXPECT_EQ(last_value(curve, "a"), 1.0);
  EXPECT_EQ(last_value(curve, "b"), std::nullopt);
  EXPECT_EQ(last_value(curve, "c"), std::nullopt);
}

}  // namespace
}  // namespace kilonat::study
