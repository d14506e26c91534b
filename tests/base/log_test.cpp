#include "kilonat/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "kilonat/base/errors.h"

namespace kilonat {
namespace {

TEST(Log, PrintsOnStderrFromItsLevelUp) {
  set_up_log("warn");
  ::testing::internal::CaptureStderr();
  spdlog::info("not shown");
  spdlog::warn("bad file 'a.wav'");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "kilonat: warning: bad file 'a.wav'\n");
}

TEST(Log, RefusesALevelItDoesNotKnow) {
  EXPECT_THROW(set_up_log("loud"), ConfigError);
  EXPECT_NO_THROW(set_up_log("off"));
}

}  // namespace
}  // namespace kilonat
