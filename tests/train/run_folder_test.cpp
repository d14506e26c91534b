#include "kilonat/train/run_folder.h"

#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>

#include "kilonat/base/errors.h"

namespace kilonat::train {
namespace {

namespace fs = std::filesystem;

class RunFolders : public ::testing::Test {
 protected:
  RunFolders() : folder_{fs::temp_directory_path() / ("kilonat-run-" + std::to_string(getpid()))} {
    fs::remove_all(folder_.path);
  }
  ~RunFolders() override { fs::remove_all(folder_.path); }

  RunFolder folder_;
};

TEST_F(RunFolders, AreMadeWhereNothingIs) {
  create_run_folder(folder_, false);
  EXPECT_TRUE(fs::is_directory(folder_.path));
  EXPECT_FALSE(folder_.holds_run());
  create_run_folder(folder_, false);  // an empty folder is as good as none
}

TEST_F(RunFolders, ThatHoldARunAreReplacedOnlyOnRequest) {
  create_run_folder(folder_, false);
  std::ofstream(folder_.config()) << "[run]\n";
  EXPECT_THROW(create_run_folder(folder_, false), ConfigError);
  create_run_folder(folder_, true);
  EXPECT_FALSE(folder_.holds_run());
}

TEST_F(RunFolders, ThatHoldSomethingElseAreNeverReplaced) {
  create_run_folder(folder_, false);
  std::ofstream(folder_.path / "thesis.txt") << "years of work";
  EXPECT_THROW(create_run_folder(folder_, true), ConfigError);
  EXPECT_TRUE(fs::exists(folder_.path / "thesis.txt"));
}

TEST(ConfigDifference, NamesKeysWithBothValues) {
  EXPECT_EQ(config_difference("[rate]\ntarget_kbps = 2.0\n\n[run]\nsteps = 5\n",
                              "[rate]\ntarget_kbps = 4.0\n\n[run]\nsteps = 6\n",
                              {"run.steps"}),
            "rate.target_kbps = 2.0 -> 4.0");
}

TEST(ConfigDifference, IsEmptyForEqualConfigs) {
  EXPECT_EQ(config_difference("[a]\nb = 1\n", "[a]\nb = 1\n", {}), "");
}

}  // namespace
}  // namespace kilonat::train
