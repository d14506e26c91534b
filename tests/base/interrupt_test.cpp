#include "kilonat/base/interrupt.h"

#include <csignal>

#include "base/expect_error.h"
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"

namespace kilonat {
namespace {

TEST(Interrupt, TheFirstSignalOnlySetsTheFlag) {
  set_interrupt_requested(false);
  install_interrupt_handler();
  EXPECT_NO_THROW(throw_if_interrupted("training"));
  std::raise(SIGINT);
  EXPECT_TRUE(interrupt_requested());
  const auto message = testing::message_of<Interrupted>([] { throw_if_interrupted("training"); });
  EXPECT_EQ(message, "training: interrupted");
  set_interrupt_requested(false);
}

TEST(InterruptDeathTest, TheSecondSignalExitsWith130) {
  EXPECT_EXIT(
      {
        set_interrupt_requested(false);
        install_interrupt_handler();
        std::raise(SIGTERM);
        std::raise(SIGINT);
      },
      ::testing::ExitedWithCode(130),
      "");
}

}  // namespace
}  // namespace kilonat
