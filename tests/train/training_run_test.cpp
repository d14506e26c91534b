#include "kilonat/train/training_run.h"

#include <filesystem>
#include <functional>
#include <optional>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/interrupt.h"

namespace kilonat::train {
namespace {

using kilonat::testing::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Counts its steps; what happens in a step or a report is up to the test.
class CountingRun : public TrainingRun {
 public:
  using TrainingRun::TrainingRun;

  std::int64_t sum = 0;
  std::function<void()> while_it_starts;
  std::int64_t bad_step = -1;
  std::int64_t interrupted_report = -1;

 protected:
  void start_anew() override {
    if (while_it_starts) while_it_starts();
  }
  BatchResult run_step(std::int64_t done) override {
    if (done == bad_step) return {{.not_finite = "loss", .scalars = {}}, {"clip"}};
    sum += done;
    return {{.not_finite = "", .scalars = {{"sum", static_cast<double>(sum)}}}, {"clip"}};
  }
  void report_if_due(std::int64_t done) override {
    if (done != interrupted_report) return;
    set_interrupt_requested(true);
    throw_if_interrupted("listening");
  }
  void save_to(Checkpoint& checkpoint) const override { checkpoint.state["sum"] = sum; }
  void restore_from(const Checkpoint& checkpoint) override { sum = checkpoint.state.at("sum"); }
  [[nodiscard]] bool has_finite_weights() const override { return true; }
};

class TrainingRuns : public ::testing::Test {
 protected:
  ~TrainingRuns() override { set_interrupt_requested(false); }

  TrainingRunOptions options(bool resume = false) const {
    return {.folder = {folder_.path() / "run"},
            .resume = resume,
            .command = "count",
            .config = "",
            .steps = 10,
            .checkpoint_every = 4,
            .max_bad_batches = 3};
  }

  kilonat::testing::TemporaryFolder folder_;
};

TEST_F(TrainingRuns, SaveWhatWasTrainedWhenAReportIsInterrupted) {
  std::optional<CountingRun> run(options());
  run->interrupted_report = 6;
  run->begin(nullptr);
  const std::string message = message_of<Interrupted>([&] { run->train(); });
  run.reset();  // lets go of the folder
  EXPECT_THAT(message, HasSubstr("interrupted at step 6 of 10"));
  EXPECT_THAT(message, HasSubstr("kilonat count --resume"));
  EXPECT_EQ(latest_step(folder_.path() / "run"), 6);

  set_interrupt_requested(false);
  CountingRun rest(options(true));
  rest.begin(nullptr);
  rest.train();
  EXPECT_EQ(rest.sum, 45);
}

TEST_F(TrainingRuns, KeepCheckpointsBackWhileBatchesAreNotFinite) {
  CountingRun run(options());
  run.bad_step = 3;  // its checkpoint would be that of step 4
  run.begin(nullptr);
  run.train();
  EXPECT_THAT(checkpoint_steps(folder_.path() / "run"), ElementsAre(8, 10));
  EXPECT_EQ(run.sum, 45 - 3);
}

TEST_F(TrainingRuns, RefuseAFolderThatAnotherIsAtWorkIn) {
  CountingRun first(options());
  first.begin(nullptr);
  CountingRun resumed(options(/*resume=*/true));
  EXPECT_THAT(message_of<BusyError>([&] { resumed.begin(nullptr); }), HasSubstr("another process"));
  TrainingRunOptions replacing = options();
  replacing.replace = true;
  CountingRun second(replacing);
  EXPECT_THAT(message_of<BusyError>([&] { second.begin(nullptr); }), HasSubstr("another process"));
  first.train();  // undisturbed
  EXPECT_EQ(first.sum, 45);
}

TEST_F(TrainingRuns, DoNotReplaceARunThatBeganWhileTheyStarted) {
  CountingRun first(options());
  TrainingRunOptions replacing = options();
  replacing.replace = true;
  CountingRun second(replacing);
  second.while_it_starts = [&] { first.begin(nullptr); };
  EXPECT_THAT(message_of<BusyError>([&] { second.begin(nullptr); }), HasSubstr("another process"));
  first.train();
  EXPECT_EQ(latest_step(folder_.path() / "run"), 10);
}

TEST_F(TrainingRuns, RefuseACheckpointOfAnotherKind) {
  CountingRun(options()).begin(nullptr);
  Checkpoint foreign;
  foreign.step = 5;
  foreign.state["guard"] = NonFiniteGuard(1).state();
  save_checkpoint(folder_.path() / "run", foreign);
  CountingRun resumed(options(true));
  EXPECT_THAT(message_of<FormatError>([&] { resumed.begin(nullptr); }),
              HasSubstr("checkpoint of step 5"));
}

}  // namespace
}  // namespace kilonat::train
