#include "kilonat/base/errors.h"

#include <gtest/gtest.h>

namespace kilonat {
namespace {

TEST(Error, AddContextPutsTheContextBeforeTheMessage) {
  DataError error("no audio found");
  error.add_context("loading 'a'");
  EXPECT_STREQ(error.what(), "loading 'a': no audio found");
  EXPECT_EQ(error.exit_code(), 3);
}

TEST(Error, RequireThrowsTheNamedTypeWithTheFormattedMessage) {
  try {
    KILONAT_REQUIRE(1 + 1 == 3, ConfigError, "rate {} is {}", 2, "odd");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "rate 2 is odd");
  }
}

}  // namespace
}  // namespace kilonat
