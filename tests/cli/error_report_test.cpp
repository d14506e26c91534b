#include "kilonat/cli/error_report.h"

#include <filesystem>
#include <new>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(ErrorReport, GivesEveryErrorOfOursItsCode) {
  EXPECT_EQ(report_of(ConfigError("x")).exit_code, 2);
  EXPECT_EQ(report_of(DataError("x")).exit_code, 3);
  EXPECT_EQ(report_of(FormatError("x")).exit_code, 4);
  EXPECT_EQ(report_of(ShapeError("x")).exit_code, 5);
  EXPECT_EQ(report_of(NumericError("x")).exit_code, 6);
  EXPECT_EQ(report_of(IoError("x")).exit_code, 7);
  EXPECT_EQ(report_of(InternalError("x")).exit_code, 70);
  EXPECT_EQ(report_of(Interrupted("x")).exit_code, 130);
}

TEST(ErrorReport, IsOneLineWithoutABacktraceForTorchErrors) {
  try {
    (void)torch::matmul(torch::zeros({2, 3}), torch::zeros({4, 5}));
    FAIL();
  } catch (const std::exception& error) {
    const ErrorReport report = report_of(error);
    EXPECT_EQ(report.exit_code, 70);
    EXPECT_THAT(report.line, StartsWith("internal error: "));
    EXPECT_THAT(report.line, HasSubstr("2x3"));
    EXPECT_THAT(report.line, Not(HasSubstr("frame #")));
    EXPECT_THAT(report.line, Not(HasSubstr("\n")));
  }
}

TEST(ErrorReport, SaysWhatToDoWhenMemoryRunsOut) {
  const ErrorReport report = report_of(std::bad_alloc());
  EXPECT_EQ(report.exit_code, 7);
  EXPECT_THAT(report.line, HasSubstr("smaller batch"));
  try {
    (void)torch::empty({1LL << 50});
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_EQ(report_of(error).exit_code, 7);
  }
}

TEST(ErrorReport, CountsFilesystemErrorsAsInputAndOutput) {
  try {
    (void)std::filesystem::file_size("/no/such/file");
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_EQ(report_of(error).exit_code, 7);
  }
}

}  // namespace
}  // namespace kilonat::cli
