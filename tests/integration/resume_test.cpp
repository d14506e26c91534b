/// Runs that are cut off and go on.

#include <csignal>
#include <random>

#include "integration/minute_model.h"
#include "integration/program.h"
#include "integration/sounds.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kilonat::integration {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kSteps = 60;

class Resume : public ::testing::Test {
 protected:
  Resume() {
    write_plucks(scratch_.path("sounds"), 12);
    config_ = write_minute_config(scratch_.path());
  }

  std::vector<std::string> words(const std::string& run,
                                 const std::vector<std::string>& more = {},
                                 int steps = kSteps) const {
    std::vector<std::string> result =
        train_words(config_, scratch_("sounds"), scratch_(run), {"--steps", std::to_string(steps)});
    result.insert(result.end(), more.begin(), more.end());
    return result;
  }

  std::size_t lines_logged(const std::string& run) const {
    return lines_of(read_bytes(scratch_.path(run) / "metrics.jsonl")).size();
  }

  /// Continues until the run is done.
  void finish(const std::string& run) const {
    const Outcome outcome =
        kilonat({"train", "--resume", "--out", scratch_(run), "--quiet", "--threads", "1"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  }

  /// Starts the run, kills it once so many steps are logged, and continues it to its end.
  void kill_and_finish(const std::vector<std::string>& run_words,
                       const std::string& run,
                       std::size_t step) const {
    {
      Running training(run_words);
      ASSERT_TRUE(wait_until([&] { return lines_logged(run) >= step; }));
      training.send(SIGKILL);
      ASSERT_EQ(training.wait().exit_code, 128 + SIGKILL);
    }
    EXPECT_FALSE(fs::exists(scratch_.path(run) / "model.safetensors"));
    finish(run);
  }

  /// Runs with these settings once in one go and once killed after a random step of a range.
  void expect_same_after_kill(const std::vector<std::string>& settings,
                              std::size_t first,
                              std::size_t last) const {
    ASSERT_EQ(kilonat(words("whole", settings)).exit_code, 0);
    std::random_device random;
    const std::size_t step = std::uniform_int_distribution<std::size_t>(first, last)(random);
    SCOPED_TRACE("killed after step " + std::to_string(step));
    kill_and_finish(words("killed", settings), "killed", step);
    expect_same_runs("whole", "killed");
  }

  void expect_same_runs(const std::string& a, const std::string& b) const {
    EXPECT_EQ(metrics_of(scratch_.path(a)), metrics_of(scratch_.path(b)));
    EXPECT_TRUE(read_bytes(scratch_.path(a) / "model.safetensors") ==
                read_bytes(scratch_.path(b) / "model.safetensors"));
    const std::string last = "checkpoints/step-" + std::to_string(kSteps);
    for (const std::string& file : files_below(scratch_.path(a) / last)) {
      EXPECT_TRUE(read_bytes(scratch_.path(a) / last / file) ==
                  read_bytes(scratch_.path(b) / last / file))
          << file;
    }
  }

  Scratch scratch_;
  std::string config_;
};

TEST_F(Resume, EndsWithTheSameBytesAfterSigkillAtARandomStep) {
  // Past the first checkpoint and before the end; any step there must do, so a random one.
  expect_same_after_kill({}, 6, 50);
}

TEST_F(Resume, EndsWithTheSameBytesAfterSigkillBeforeTheFirstCheckpoint) {
  expect_same_after_kill({"--set", "run.checkpoint_every=1000"}, 1, 40);
}

TEST_F(Resume, EndsWithTheSameBytesAmidAnAdversarialPhaseInMicroBatches) {
  expect_same_after_kill({"--set",
                          "adversarial.start_step=10",
                          "--set",
                          "adversarial.discriminator.periods=[2]",
                          "--set",
                          "adversarial.discriminator.period_widths=[2,4,4]",
                          "--set",
                          "adversarial.discriminator.fft_sizes=[64]",
                          "--set",
                          "adversarial.discriminator.resolution_widths=[2,2,2]",
                          "--set",
                          "run.micro_batches=2"},
                         16,
                         50);
  const fs::path checkpoint =
      scratch_.path("killed") / "checkpoints" / ("step-" + std::to_string(kSteps));
  EXPECT_TRUE(fs::exists(checkpoint / "discriminator.safetensors"));
}

TEST_F(Resume, EndsWithTheSameBytesForADiscreteCodec) {
  expect_same_after_kill({"--set",
                          R"(codec.bottleneck.kind="rvq")",
                          "--set",
                          "codec.bottleneck.num_codebooks=2",
                          "--set",
                          "codec.bottleneck.quantizer_dropout=0.5"},
                         6,
                         50);
}

TEST_F(Resume, StartsFromTheSameModelAgainThatTheRunBeganWith) {
  ASSERT_EQ(kilonat(words("first", {}, 6)).exit_code, 0);
  const std::vector<std::string> settings{
      "--init", scratch_("first"), "--set", "run.checkpoint_every=1000"};
  expect_same_after_kill(settings, 1, 20);
}

TEST_F(Resume, CtrlCSavesACheckpointAndSaysHowToGoOn) {
  ASSERT_EQ(kilonat(words("whole")).exit_code, 0);
  Running training(words("stopped"));
  ASSERT_TRUE(wait_until([&] { return lines_logged("stopped") >= 8; }));
  training.send(SIGINT);
  const Outcome outcome = training.wait();
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_THAT(outcome.err, StartsWith("kilonat: error: interrupted at step"));
  EXPECT_THAT(outcome.err, HasSubstr("kilonat train --resume --out"));
  EXPECT_EQ(lines_of(outcome.err).size(), 1u);
  finish("stopped");
  expect_same_runs("whole", "stopped");
}

TEST_F(Resume, LengthensARunThatIsDone) {
  ASSERT_EQ(kilonat(words("run", {}, 6)).exit_code, 0);
  const Outcome outcome = kilonat(words("run", {"--resume"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(
      fs::exists(scratch_.path("run") / "checkpoints" / ("step-" + std::to_string(kSteps))));
}

TEST_F(Resume, RefusesAnotherConfigAndNamesTheKey) {
  ASSERT_EQ(kilonat(words("run", {}, 6)).exit_code, 0);
  const Outcome outcome = kilonat(words("run", {"--resume", "--rate", "0.7"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("rate.target_kbps = 0.5 -> 0.7"));
}

TEST_F(Resume, RefusesACorruptCheckpoint) {
  ASSERT_EQ(kilonat(words("run", {}, 6)).exit_code, 0);
  const fs::path weights = scratch_.path("run") / "checkpoints" / "step-6" / "model.safetensors";
  fs::resize_file(weights, fs::file_size(weights) / 2);
  const Outcome outcome = kilonat(words("run", {"--resume"}));
  EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("step-6"));
  EXPECT_EQ(lines_of(outcome.err).size(), 1u);
}

}  // namespace
}  // namespace kilonat::integration
