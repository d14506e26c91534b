#include "kilonat/cli/config_files.h"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"

namespace kilonat::cli {
namespace {

namespace fs = std::filesystem;

TEST(FindConfig, TakesAPathAsItIs) {
  const fs::path path = fs::temp_directory_path() / ("kilonat-conf-" + std::to_string(getpid()));
  std::ofstream(path) << "[run]\n";
  EXPECT_EQ(find_config(path.string()), path);
  fs::remove(path);
}

TEST(FindConfig, SaysWhereItLookedForAName) {
  try {
    (void)find_config("no-such-config");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("conf/codec/no-such-config.toml"));
  }
  EXPECT_THROW((void)find_config("no/such.toml"), ConfigError);
  // A study's config is no codec's.
  EXPECT_THROW((void)find_config("tiny16", "study"), ConfigError);
}

}  // namespace
}  // namespace kilonat::cli
