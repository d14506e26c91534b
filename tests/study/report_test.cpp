#include "kilonat/study/report.h"

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "study/made_generation.h"
#include "study/made_limit.h"
#include "study/made_results.h"
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kilonat/audio/file.h"
#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/study/generation_csv.h"
#include "kilonat/study/report_page.h"
#include "kilonat/study/results_csv.h"

namespace kilonat::study {
namespace {

using kilonat::testing::message_of;
using kilonat::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::made_generation;
using testing::made_limit;
using testing::made_results;
using ::testing::Not;

/// The study of made_results, whose original is there and whose coded sound is not.
void make_study(const TemporaryFolder& folder) {
  create_folder(folder / "audio/originals");
  audio::write_audio(folder / "audio/originals/a.wav", audio::make_buffer(8000, 1, 4000));
  save_results(folder / "results.json", made_results());
}

/// The text of a script element of the page.
std::string element_text(const std::string& page, const std::string& id) {
  const std::string head = "id=\"" + id + "\">";
  const std::size_t start = page.find(head);
  if (start == std::string::npos) return {};
  const std::size_t begin = start + head.size();
  return page.substr(begin, page.find("</script>", begin) - begin);
}

TEST(ReportPage, TakesItsDataBeforeItsOnlyScript) {
  const std::string_view page = report_page();
  const std::size_t place = page.find(kDataMarker);
  ASSERT_NE(place, std::string_view::npos);
  EXPECT_EQ(page.find(kDataMarker, place + 1), std::string_view::npos);
  EXPECT_GT(page.find("<script type=\"module\">"), place);
  EXPECT_LT(page.size(), 1'000'000U);
}

TEST(ReportPage, NamesNoFileBesideIt) {
  const std::string page(report_page());
  for (const char* link : {"<script src", "<link rel=\"stylesheet\"", "@import", "url(http"}) {
    EXPECT_THAT(page, Not(HasSubstr(link)));
  }
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
}

TEST(Report, CarriesResultsCsvAndSounds) {
  const TemporaryFolder folder;
  make_study(folder);
  const ReportSummary summary = write_report(read_folder(folder.path()), folder.path());
  EXPECT_EQ(summary.path, folder / "report/index.html");
  EXPECT_EQ(summary.num_points, 3);
  EXPECT_EQ(summary.num_points_not_done, 2);
  EXPECT_EQ(summary.num_sounds, 1);

  const std::string page = read_text(summary.path);
  EXPECT_EQ(static_cast<std::int64_t>(page.size()), summary.num_bytes);
  const auto data = nlohmann::json::parse(element_text(page, "kilonat-data"));
  EXPECT_EQ(data["results"]["name"], "A study <of> tests");
  EXPECT_EQ(data["results"]["points"][0]["rates"]["kl_kbps"], 2.0625);
  EXPECT_EQ(data["csv"], results_csv(made_results()));
  EXPECT_EQ(data["sounds"]["audio/originals/a.wav"]["seconds"], 0.5);
  // "fLaC", the first four bytes of a FLAC file, in base64.
  EXPECT_THAT(element_text(page, "sound-0"), ::testing::StartsWith("ZkxhQ"));
}

TEST(Report, ShowsASoundThatIsNotThereAsMissing) {
  const TemporaryFolder folder;
  make_study(folder);
  const ReportSummary summary = write_report({made_results(), {}}, folder.path());
  ASSERT_EQ(summary.missing_sounds.size(), 1U);
  EXPECT_THAT(summary.missing_sounds[0], HasSubstr("audio/gaussian-2-seed0/a.wav"));
  const auto data = nlohmann::json::parse(element_text(read_text(summary.path), "kilonat-data"));
  EXPECT_TRUE(data["sounds"]["audio/gaussian-2-seed0/a.wav"].contains("missing"));
}

TEST(Report, LetsNoTextEndItsScript) {
  const TemporaryFolder folder;
  Results results = made_results();
  results.name = "</script><script>alert(1)</script><!--";
  const ReportSummary summary = write_report({results, {}}, folder.path());
  const std::string page = read_text(summary.path);
  EXPECT_THAT(page, Not(HasSubstr("alert(1)</script>")));
  const auto data = nlohmann::json::parse(element_text(page, "kilonat-data"));
  EXPECT_EQ(data["results"]["name"], results.name);
}

TEST(Report, CarriesGenerationAloneOrBesideResults) {
  const TemporaryFolder folder;
  create_folder(folder / "audio/gen");
  audio::write_audio(folder / "audio/gen/dog-0.wav", audio::make_buffer(8000, 1, 4000));
  save_generation(folder / "generation.json", made_generation());
  ReportSummary summary = write_report(read_folder(folder.path()), folder.path());
  EXPECT_EQ(summary.num_points, 3);
  EXPECT_EQ(summary.num_points_not_done, 2);
  EXPECT_EQ(summary.num_sounds, 1);
  auto data = nlohmann::json::parse(element_text(read_text(summary.path), "kilonat-data"));
  EXPECT_FALSE(data.contains("results"));
  EXPECT_EQ(data["generation"]["name"], "A sweep <of> tests");
  EXPECT_EQ(data["generation"]["points"][0]["metrics"]["kad"]["value"], 0.25);
  EXPECT_EQ(data["generation_csv"], generation_csv(made_generation()));
  EXPECT_EQ(data["sounds"]["audio/gen/dog-0.wav"]["seconds"], 0.5);
  EXPECT_TRUE(data["sounds"]["r.wav"].contains("missing"));

  make_study(folder);
  summary = write_report(read_folder(folder.path()), folder.path());
  EXPECT_EQ(summary.num_points, 6);
  data = nlohmann::json::parse(element_text(read_text(summary.path), "kilonat-data"));
  EXPECT_EQ(data["results"]["name"], "A study <of> tests");
  EXPECT_EQ(data["generation"]["points"].size(), 3U);
}

TEST(Report, CarriesTheGaussianLimitAloneOrBesideResults) {
  const TemporaryFolder folder;
  save_limit_results(folder.path(), made_limit());
  ReportSummary summary = write_report(read_folder(folder.path()), folder.path());
  EXPECT_EQ(summary.num_points, 4);
  EXPECT_EQ(summary.num_points_not_done, 1);
  auto data = nlohmann::json::parse(element_text(read_text(summary.path), "kilonat-data"));
  EXPECT_FALSE(data.contains("results"));
  EXPECT_EQ(data["limit"]["name"], "A limit <of> tests");
  EXPECT_EQ(data["limit"]["curves"][0]["squared_error"], (nlohmann::json{1.0, 0.25, 0.0625}));
  EXPECT_EQ(data["limit"]["points"][0]["gap_db"], 0.5);
  EXPECT_EQ(data["limit"]["points"][0]["possible"], true);
  EXPECT_EQ(data["limit"]["points"][2]["possible"], false);
  EXPECT_EQ(data["limit"]["missing"], nlohmann::json{"not-yet"});
  EXPECT_EQ(data["limit_csv"], limit_csv(made_limit()));

  make_study(folder);
  summary = write_report(read_folder(folder.path()), folder.path());
  EXPECT_EQ(summary.num_points, 7);
  data = nlohmann::json::parse(element_text(read_text(summary.path), "kilonat-data"));
  EXPECT_EQ(data["results"]["name"], "A study <of> tests");
  EXPECT_EQ(data["limit"]["points"].size(), 3U);
}

TEST(Report, ThinsLongCurvesAndSaysHow) {
  const TemporaryFolder folder;
  Results results = made_results();
  Curve& curve = results.points[0].curve;
  curve = {};
  for (std::int64_t step = 1; step <= 1001; ++step) {
    curve.step.push_back(step);
    curve.metrics["rec/mel"].push_back(1.0);
  }
  const ReportSummary summary = write_report({results, {}}, folder.path());
  const auto data = nlohmann::json::parse(element_text(read_text(summary.path), "kilonat-data"));
  const auto& point = data["results"]["points"][0];
  EXPECT_EQ(point["curve_rows_per_entry"], 3);     // 1001 / 400, upwards
  EXPECT_EQ(point["curve"]["step"].size(), 334U);  // 1001 / 3, upwards
  EXPECT_EQ(data["results"]["points"][1]["curve_rows_per_entry"], 1);
}

TEST(Report, SaysWhatAFolderMustHold) {
  const TemporaryFolder folder;
  EXPECT_THAT(message_of<FormatError>([&] { (void)read_folder(folder.path()); }),
              AllOf(HasSubstr(folder.path().string()),
                    HasSubstr("results.json"),
                    HasSubstr("generation.json"),
                    HasSubstr("gaussian_limit.json"),
                    HasSubstr("metrics.jsonl"),
                    Not(HasSubstr("\n"))));
  EXPECT_THAT(message_of<IoError>([&] { (void)read_folder(folder / "none"); }),
              HasSubstr("no such folder"));
}

}  // namespace
}  // namespace kilonat::study
