#include "kilonat/train/checkpoint.h"

#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::train {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CheckpointFiles : public ::testing::Test {
 protected:
  CheckpointFiles()
      : run_(fs::temp_directory_path() / ("kilonat-checkpoint-" + std::to_string(getpid()))) {
    fs::remove_all(run_);
    fs::create_directories(run_);
  }
  ~CheckpointFiles() override { fs::remove_all(run_); }

  static Checkpoint checkpoint(std::int64_t step) {
    Checkpoint result;
    result.step = step;
    result.groups["model"] = {{"a", torch::full({2}, static_cast<double>(step))}};
    result.state["beta"] = 0.1;
    return result;
  }

  fs::path run_;
};

TEST_F(CheckpointFiles, ReadBackWhatWasWritten) {
  save_checkpoint(run_, checkpoint(12));
  const Checkpoint read = load_checkpoint(run_, 12);
  EXPECT_EQ(read.step, 12);
  EXPECT_EQ(group_of(read, "model").at("a")[1].item<float>(), 12);
  EXPECT_EQ(read.state.at("beta").get<double>(), 0.1);
  EXPECT_THROW((void)group_of(read, "ema"), FormatError);
}

TEST_F(CheckpointFiles, AreListedInTheOrderOfTheirSteps) {
  for (const std::int64_t step : {100, 20, 3}) save_checkpoint(run_, checkpoint(step));
  fs::create_directories(run_ / "checkpoints" / "step-x");
  EXPECT_THAT(checkpoint_steps(run_), ElementsAre(3, 20, 100));
}

TEST_F(CheckpointFiles, ArePrunedToTheLatest) {
  for (const std::int64_t step : {100, 20, 3}) save_checkpoint(run_, checkpoint(step));
  prune_checkpoints(run_, 2);
  EXPECT_THAT(checkpoint_steps(run_), ElementsAre(20, 100));
  prune_checkpoints(run_, 5);
  EXPECT_THAT(checkpoint_steps(run_), ElementsAre(20, 100));
}

TEST_F(CheckpointFiles, ThatAreTruncatedAreNamed) {
  save_checkpoint(run_, checkpoint(7));
  fs::resize_file(run_ / "checkpoints" / "step-7" / "state.json", 10);
  try {
    (void)load_checkpoint(run_, 7);
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_THAT(error.what(), HasSubstr("step-7"));
    EXPECT_THAT(error.what(), HasSubstr("truncated?"));
  }
}

TEST_F(CheckpointFiles, OfAnotherFormatAreRefused) {
  save_checkpoint(run_, checkpoint(7));
  std::ofstream(run_ / "checkpoints" / "step-7" / "state.json") << R"({"format": 99})";
  EXPECT_THROW((void)load_checkpoint(run_, 7), FormatError);
}

}  // namespace
}  // namespace kilonat::train
