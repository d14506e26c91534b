#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "metrics/visqol_folder.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"
#include "kilonat/metrics/visqol/quality_model.h"

namespace kilonat::metrics::visqol {
namespace {

using kilonat::testing::message_of;
using ::testing::HasSubstr;
using ::testing::Not;

/// Two support vectors; the second names two of its features.
const std::string kText =
    "svm_type nu_svr\n"
    "kernel_type rbf\n"
    "gamma 0.5\n"
    "nr_class 2\n"
    "total_sv 2\n"
    "rho -3\n"
    "SV\n"
    "1 1:1 2:1 3:1 4:1 5:1 6:1 7:1 8:1 9:1 10:1 11:1 12:1 13:1 14:1 15:1 16:1 17:1 18:1 19:1 20:1 "
    "21:1 22:1 23:1 24:1 25:1 26:1 27:1 28:1 29:1 30:1 31:1 32:1 \n"
    "-0.25 1:1 32:0.5 \n";

Bands all(double value) {
  Bands bands{};
  bands.fill(value);
  return bands;
}

class VisqolQualityModel : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& text) const {
    std::ofstream(folder_ / "model.txt") << text;
    return folder_ / "model.txt";
  }
  /// What the error says for a text in which `found` is replaced.
  std::string message(const std::string& found, const std::string& replacement) const {
    std::string text = kText;
    text.replace(text.find(found), found.size(), replacement);
    const auto path = write(text);
    std::string said = message_of<FormatError>([&] { QualityModel model(path); });
    EXPECT_THAT(said, HasSubstr("model.txt', line "));
    EXPECT_THAT(said, Not(HasSubstr("\n")));
    return said;
  }

  kilonat::testing::TemporaryFolder folder_;
};

TEST_F(VisqolQualityModel, IsTheRegressionThatItsFileSays) {
  const QualityModel model(write(kText));
  // coefficient x exp(-gamma |x - vector|^2), minus rho; features that are not named are 0.
  const double from_first = 1;
  const double from_second = -0.25 * std::exp(-0.5 * (30 + 0.25));
  EXPECT_NEAR(model.predict(all(1)), from_first + from_second + 3, 1e-12);
  const double zeros = std::exp(-0.5 * 32) - 0.25 * std::exp(-0.5 * 1.25) + 3;
  EXPECT_NEAR(model.predict(all(0)), zeros, 1e-12);
}

TEST_F(VisqolQualityModel, TakesLineEndsOfWindowsAndSurvivesAMove) {
  std::string text = kText;
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) {
    text.insert(at, 1, '\r');
  }
  QualityModel model(write(text));
  const double before = model.predict(all(0.5));
  const QualityModel moved = std::move(model);
  EXPECT_EQ(moved.predict(all(0.5)), before);
  EXPECT_EQ(before, QualityModel(write(kText)).predict(all(0.5)));
}

TEST_F(VisqolQualityModel, RefusesWhatIsNoSuchModel) {
  EXPECT_THAT(message("nu_svr", "c_svc"), HasSubstr("expected svm_type nu_svr or epsilon_svr"));
  EXPECT_THAT(message("rbf", "linear"), HasSubstr("expected kernel_type rbf"));
  EXPECT_THAT(message("nr_class 2", "nr_class 3"), HasSubstr("expected nr_class 2"));
  EXPECT_THAT(message("gamma 0.5", "gamma -1"), HasSubstr("expected a number above 0"));
  EXPECT_THAT(message("gamma 0.5", "gamma nan"), HasSubstr("found 'nan', expected a number"));
  EXPECT_THAT(message("gamma 0.5\n", ""), HasSubstr("expected a line 'gamma' before it"));
  EXPECT_THAT(message("gamma 0.5", "degree 3"), HasSubstr("RBF regression"));
  EXPECT_THAT(message("total_sv 2", "total_sv -2"), HasSubstr("expected a count"));
  EXPECT_THAT(message("total_sv 2", "total_sv 99999999999"), HasSubstr("is the file cut off?"));
  EXPECT_THAT(message("32:0.5", "33:0.5"), HasSubstr("a rising index from 1 to 32"));
  EXPECT_THAT(message("32:0.5", "1:0.5"), HasSubstr("a rising index from 1 to 32"));
  EXPECT_THAT(message("32:0.5", "32:inf"), HasSubstr("expected index:value"));
  EXPECT_THAT(message("32:0.5", "32"), HasSubstr("expected index:value"));
  EXPECT_THAT(message("-0.25", "x"), HasSubstr("expected a coefficient"));
  EXPECT_THAT(message(kText, ""), HasSubstr("found 'the end'"));
  EXPECT_THAT(message(kText, std::string("\0\1\2\n\n", 5)), HasSubstr("expected a key"));
  EXPECT_THAT(message(kText.substr(kText.find("SV\n1")), ""), HasSubstr("found 'the end'"));
  EXPECT_THROW(QualityModel(folder_ / "none.txt"), IoError);
  EXPECT_THROW(QualityModel(folder_.path()), IoError);
}

TEST(VisqolOfficialModel, GivesEqualSoundsTheOfficialScore) {
  KILONAT_NEED_VISQOL_FOLDER();
  const QualityModel model(*visqol_folder() / "libsvm_nu_svr_model.txt");
  // conformance.h, kConformanceCastanetsIdentity; there to 1e-4, here the same arithmetic.
  EXPECT_NEAR(model.predict(all(1)), 4.732101253042348, 1e-9);
}

}  // namespace
}  // namespace kilonat::metrics::visqol
