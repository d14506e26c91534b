#include "kilonat/base/progress.h"

#include <algorithm>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kilonat {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(Progress, PrintsPlainLinesAtTheirIntervalAndAtTheEnd) {
  std::ostringstream out;
  Progress progress({.label = "train", .total = 100, .plain_interval_s = 3600}, out);
  progress.update(1, "mel 2.5");
  progress.update(50, "mel 1.5");
  EXPECT_THAT(out.str(), MatchesRegex("train step 1/100  [^\n]*left  mel 2.5\n"));
  progress.update(100, "mel 1.0");
  progress.finish();
  EXPECT_THAT(out.str(), HasSubstr("train step 100/100"));
  EXPECT_THAT(out.str(), Not(HasSubstr("50/100")));
}

TEST(Progress, RewritesOneLineOnATerminalAndEndsItAlways) {
  std::ostringstream out;
  {
    Progress progress({.label = "eval", .unit = "clip", .terminal = true, .terminal_interval_s = 0},
                      out);
    progress.update(1, "a long detail that is to be overwritten");
    progress.update(2);
  }
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 2);
  EXPECT_EQ(text.back(), '\n');
}

TEST(Progress, SaysNothingWhenQuiet) {
  std::ostringstream out;
  Progress progress({.label = "train", .quiet = true}, out);
  progress.update(1);
  progress.finish();
  EXPECT_EQ(out.str(), "");
}

TEST(Progress, MeasuresFromTheStepItResumedAt) {
  std::ostringstream out;
  Progress progress({.label = "train", .total = 1002, .start = 1000}, out);
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  progress.update(1001);
  EXPECT_GE(progress.seconds_per_unit(), 0.01);
  EXPECT_DOUBLE_EQ(progress.seconds_left(), progress.seconds_per_unit());
}

TEST(Progress, LeavesOutTheTimeOfSomethingElse) {
  std::ostringstream out;
  Progress progress({.label = "study", .total = 2}, out);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  progress.leave_out_time();
  progress.update(1);
  EXPECT_LT(progress.seconds_per_unit(), 0.5);
}

TEST(FormatDuration, ReadsLikeATimeOfDay) {
  EXPECT_EQ(format_duration(-1), "0.0 s");
  EXPECT_EQ(format_duration(1.52), "1.5 s");
  EXPECT_EQ(format_duration(59.4), "59 s");
  EXPECT_EQ(format_duration(123), "2 min 03 s");
  EXPECT_EQ(format_duration(3900), "1 h 05 min");
}

}  // namespace
}  // namespace kilonat
