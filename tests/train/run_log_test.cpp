#include "kilonat/train/run_log.h"

#include <cmath>
#include <sstream>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::train {
namespace {

using testing::TemporaryFolder;

std::vector<nlohmann::json> read_lines(const std::filesystem::path& path) {
  std::istringstream text(read_text(path));
  std::vector<nlohmann::json> rows;
  for (std::string line; std::getline(text, line);) rows.push_back(nlohmann::json::parse(line));
  return rows;
}

void write_steps(JsonlSink& sink, std::int64_t first, std::int64_t last) {
  for (std::int64_t step = first; step <= last; ++step) {
    sink.scalars(step, std::vector<Scalar>{{"rec/mel", 0.1 * static_cast<double>(step)}});
  }
  sink.flush();
}

TEST(JsonlSink, WritesOneObjectALine) {
  const TemporaryFolder folder;
  JsonlSink sink(folder / "metrics.jsonl", std::nullopt);
  sink.scalars(3, std::vector<Scalar>{{"rec/mel", 1.0 / 3.0}, {"bad", std::nan("")}});
  sink.flush();
  const auto rows = read_lines(folder / "metrics.jsonl");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0]["step"], 3);
  EXPECT_EQ(rows[0]["rec/mel"].get<double>(), 1.0 / 3.0);
  EXPECT_TRUE(rows[0]["bad"].is_null());
  EXPECT_GT(rows[0]["time_s"].get<double>(), 1.7e9);
}

TEST(JsonlSink, CutsLaterLinesAndAHalfOneWhenResumed) {
  const TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  {
    JsonlSink sink(path, std::nullopt);
    write_steps(sink, 1, 9);
  }
  write_text_atomic(path, read_text(path) + "{\"step\": 10, \"rec");
  {
    JsonlSink sink(path, 6);
    write_steps(sink, 7, 8);
  }
  const auto rows = read_lines(path);
  ASSERT_EQ(rows.size(), 8U);
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i]["step"], i + 1);
}

TEST(JsonlSink, BeginsAnewWithoutAResumedStep) {
  const TemporaryFolder folder;
  for (int i = 0; i < 2; ++i) {
    JsonlSink sink(folder / "metrics.jsonl", std::nullopt);
    write_steps(sink, 1, 3);
  }
  EXPECT_EQ(read_lines(folder / "metrics.jsonl").size(), 3U);
}

TEST(JsonlSink, RefusesAFolderThatIsNotThere) {
  const TemporaryFolder folder;
  EXPECT_THROW(JsonlSink(folder / "no/metrics.jsonl", std::nullopt), IoError);
}

TEST(ConsoleSink, ShowsTheChosenFiguresWithTheirTargets) {
  const std::vector<ConsoleColumn> columns = {
      {.key = "rec/mel", .label = "mel"},
      {.key = "rate/kbps", .label = "rate", .unit = "kbit/s", .target_key = "rate/target_kbps"},
      {.key = "absent", .label = "absent"}};
  const std::vector<Scalar> row = {
      {"rate/kbps", 2.01234}, {"rec/mel", 1.25}, {"rate/target_kbps", 2.0}};
  EXPECT_EQ(ConsoleSink::detail(columns, row), "mel 1.25  rate 2.012/2 kbit/s");
}

TEST(ConsoleSink, MovesTheProgressLine) {
  std::ostringstream out;
  Progress progress({.label = "train", .total = 10}, out);
  ConsoleSink sink(progress, {{.key = "rec/mel", .label = "mel"}});
  sink.scalars(4, std::vector<Scalar>{{"rec/mel", 1.25}});
  EXPECT_NE(out.str().find("train step 4/10"), std::string::npos);
  EXPECT_NE(out.str().find("mel 1.25"), std::string::npos);
}

// Notes the calls it gets.
class Recorder : public RunSink {
 public:
  explicit Recorder(std::vector<std::string>& calls) : calls_(calls) {}
  void scalars(std::int64_t, std::span<const Scalar>) override { calls_.push_back("scalars"); }
  void image(std::int64_t, std::string_view, const Image&) override { calls_.push_back("image"); }
  void audio(std::int64_t,
             std::string_view,
             std::int64_t,
             std::span<const std::vector<float>>) override {
    calls_.push_back("audio");
  }
  void histogram(std::int64_t, std::string_view, std::span<const double>) override {
    calls_.push_back("histogram");
  }
  void flush() override { calls_.push_back("flush"); }

 private:
  std::vector<std::string>& calls_;
};

TEST(RunLog, PassesEveryReportToEverySink) {
  std::vector<std::string> calls;
  RunLog log;
  log.add(std::make_unique<Recorder>(calls));
  log.add(std::make_unique<Recorder>(calls));
  log.scalars(1, {});
  log.image(1, "a", make_image(1, 1));
  log.audio(1, "b", 16000, {});
  log.histogram(1, "c", {});
  log.flush();
  const std::vector<std::string> expected = {"scalars",
                                             "scalars",
                                             "image",
                                             "image",
                                             "audio",
                                             "audio",
                                             "histogram",
                                             "histogram",
                                             "flush",
                                             "flush"};
  EXPECT_EQ(calls, expected);
}

}  // namespace
}  // namespace kilonat::train
