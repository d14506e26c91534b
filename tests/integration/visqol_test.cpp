/// kilonat eval with ViSQOL: what it reports, leaves out and refuses.

#include "integration/bad_input.h"
#include <nlohmann/json.hpp>

namespace kilonat::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// One support vector at perfect similarity: scores lie between 3 (far off) and 4 (perfect).
constexpr const char* kModel =
    "svm_type nu_svr\nkernel_type rbf\ngamma 0.5\nnr_class 2\ntotal_sv 1\nrho -3\nSV\n"
    "1 1:1 2:1 3:1 4:1 5:1 6:1 7:1 8:1 9:1 10:1 11:1 12:1 13:1 14:1 15:1 16:1 17:1 18:1 19:1 20:1 "
    "21:1 22:1 23:1 24:1 25:1 26:1 27:1 28:1 29:1 30:1 31:1 32:1\n";

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
  write_bytes(scratch_.path("model.txt"), kModel);
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
  write_bytes(scratch_.path("cut.txt"), std::string(kModel).substr(0, 200));
  expect_failure(with(scratch_("cut.txt")), kFormat, "cut.txt");
}

}  // namespace
}  // namespace kilonat::integration
