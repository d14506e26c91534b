/// kilonat eval with ViSQOL: what it reports, leaves out and refuses.

#include "integration/bad_input.h"
#include "integration/small_visqol_model.h"
#include <nlohmann/json.hpp>

namespace kilonat::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class VisqolEval : public BadInput {
 protected:
  /// "kilonat eval" of two plucks, with more words; writes eval.json.
  Outcome eval(const std::vector<std::string>& more) const {
    write_plucks(scratch_.path("plucks"), 2);
    std::vector<std::string> words{
        "eval", model(), "--data", scratch_("plucks"), "--json", scratch_("eval.json"), "--force"};
    words.insert(words.end(), more.begin(), more.end());
    return kilonat(words);
  }
  json report() const { return json::parse(read_bytes(scratch_.path("eval.json"))); }
};

TEST_F(VisqolEval, ReportsTheSimilarityWithoutAModel) {
  const Outcome outcome = eval({"--visqol"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("NSIM"), HasSubstr("--visqol-model")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("MOS-LQO")));
  const json result = report();
  EXPECT_FALSE(result.contains("visqol_moslqo"));
  EXPECT_EQ(result["visqol_left_out"], 0);
  ASSERT_EQ(result["clips"].size(), 2u);
  const double first = result["clips"][0]["visqol_nsim"].get<double>();
  const double second = result["clips"][1]["visqol_nsim"].get<double>();
  EXPECT_NEAR(result["visqol_nsim"].get<double>(), (first + second) / 2, 1e-12);  // 1 s each
  EXPECT_GT(first, 0);
  EXPECT_LT(first, 1);
}

TEST_F(VisqolEval, ReportsTheScoreOfAModel) {
  write_bytes(scratch_.path("model.txt"), kSmallVisqolModel);
  const Outcome outcome = eval({"--visqol-model", scratch_("model.txt")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("MOS-LQO"));
  for (const json& scores : {report(), report()["clips"][0], report()["clips"][1]}) {
    EXPECT_GE(scores["visqol_moslqo"].get<double>(), 1);
    EXPECT_LE(scores["visqol_moslqo"].get<double>(), 4);
    EXPECT_TRUE(scores["visqol_nsim"].is_number());
  }
}

TEST_F(VisqolEval, IsNotMeasuredUnlessAskedFor) {
  const Outcome outcome = eval({});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, Not(HasSubstr("ViSQOL")));
  EXPECT_THAT(read_bytes(scratch_.path("eval.json")), Not(HasSubstr("visqol")));
}

TEST_F(VisqolEval, LeavesOutClipsThatAreTooShortOrSilent) {
  wav("plucks/short.wav", {.seconds = 0.5}, 0.1F);
  wav("plucks/single-sample.wav", {.seconds = 1.0 / 8000}, 0.1F);
  wav("plucks/silent.wav", {.seconds = 2}, 0);
  const Outcome outcome = eval({"--visqol"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("short.wav': 0.50 s long, ViSQOL needs 0.96 s"),
                    HasSubstr("single-sample.wav"),
                    HasSubstr("silent.wav': silent")));
  EXPECT_THAT(outcome.out, HasSubstr("3 clips left out"));
  const json result = report();
  EXPECT_EQ(result["visqol_left_out"], 3);
  double sum = 0;
  int num_scored = 0;
  for (const json& clip : result["clips"]) {
    if (clip["visqol_nsim"].is_null()) continue;
    sum += clip["visqol_nsim"].get<double>();
    ++num_scored;
  }
  EXPECT_EQ(num_scored, 2);
  EXPECT_NEAR(result["visqol_nsim"].get<double>(), sum / 2, 1e-12);
}

TEST_F(VisqolEval, HasNoMeanWhereAllAreLeftOut) {
  const std::string sound = wav("short.wav", {.seconds = 0.5}, 0.1F);
  const Outcome outcome =
      kilonat({"eval", model(), "--data", sound, "--visqol", "--json", scratch_("eval.json")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("none; 1 clips left out"));
  EXPECT_TRUE(report()["visqol_nsim"].is_null());
}

TEST_F(VisqolEval, RefusesABadModelInOneLine) {
  const std::vector<std::string> words{"eval", model(), "--data", sounds(), "--visqol-model"};
  const auto with = [&](const std::string& path) {
    std::vector<std::string> all = words;
    all.push_back(path);
    return all;
  };
  expect_failure(with(scratch_("none.txt")), kIo, "none.txt");
  write_bytes(scratch_.path("text.txt"), "this is no model\n");
  expect_failure(with(scratch_("text.txt")), kFormat, "text.txt', line 1");
  write_bytes(scratch_.path("cut.txt"), std::string(kSmallVisqolModel).substr(0, 200));
  expect_failure(with(scratch_("cut.txt")), kFormat, "cut.txt");
}

}  // namespace
}  // namespace kilonat::integration
