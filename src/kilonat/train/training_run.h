#pragma once
/// What every training run does around its steps: log, guard, checkpoints, resuming, Ctrl-C.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kilonat/base/folder_lock.h"
#include "kilonat/config/schema.h"
#include "kilonat/train/checkpoint.h"
#include "kilonat/train/codec_step.h"
#include "kilonat/train/guard.h"
#include "kilonat/train/run_folder.h"
#include "kilonat/train/run_log.h"

namespace kilonat::train {

struct TrainingRunOptions {
  RunFolder folder;
  bool resume = false;   ///< continue from the folder's last checkpoint
  bool replace = false;  ///< a run that lies in the folder, unless resuming
  std::string command;   ///< of the program, that goes on with such a run: "train"
  std::string config;    ///< TOML, kept in the folder
  std::int64_t steps = 0;
  std::int64_t log_every = 1;
  std::int64_t checkpoint_every = 1000;
  std::int64_t keep_checkpoints = 2;
  std::int64_t max_bad_batches = 10;  ///< see NonFiniteGuard
};

/// What a request to train says of its run.
/// @param request  has run_folder, resume, replace, and options with the section `run`.
template <class Request>
TrainingRunOptions training_run_options(const Request& request, std::string command) {
  const auto& run = request.options.run;
  return {.folder = {request.run_folder},
          .resume = request.resume,
          .replace = request.replace,
          .command = std::move(command),
          .config = config::to_toml(request.options),
          .steps = run.steps,
          .log_every = run.log_every,
          .checkpoint_every = run.checkpoint_every,
          .keep_checkpoints = run.keep_checkpoints,
          .max_bad_batches = run.max_bad_batches};
}

/// A step, and the clips it was on.
struct BatchResult {
  StepResult step;
  std::vector<std::string> ids;
};

/// The loop. A kind of run says what a step is, and what its state is.
///
/// While batches are not finite, checkpoints wait: broken weights must not push out good ones.
class TrainingRun {
 public:
  explicit TrainingRun(TrainingRunOptions options);
  virtual ~TrainingRun() = default;
  TrainingRun(const TrainingRun&) = delete;
  TrainingRun& operator=(const TrainingRun&) = delete;

  /// Makes or opens the folder, which no other run may then use, and the log. A run cut off at
  /// once can be resumed too.
  /// @param console  may be null. @throws FormatError for a checkpoint that is none; BusyError if
  ///                 another process is at work in the folder; IoError; what the kind of run
  ///                 throws.
  void begin(std::unique_ptr<RunSink> console);
  /// Steps to the end, and saves a checkpoint of it. @throws Interrupted after Ctrl-C, once a
  /// checkpoint is saved; NumericError if too many batches, or the weights, are not finite.
  void train();

 protected:
  /// State of a new run; nothing is in the folder yet.
  virtual void start_anew() {}
  /// @param done  steps done before.
  virtual BatchResult run_step(std::int64_t done) = 0;
  /// After each step but the last, whose weights the kind of run reports on itself.
  virtual void report_if_due(std::int64_t done) = 0;
  virtual void save_to(Checkpoint& checkpoint) const = 0;
  /// nlohmann::json's exceptions become FormatError.
  virtual void restore_from(const Checkpoint& checkpoint) = 0;
  [[nodiscard]] virtual bool has_finite_weights() const = 0;

  [[nodiscard]] RunLog& log() { return log_; }
  [[nodiscard]] std::int64_t done() const { return done_; }
  [[nodiscard]] std::int64_t num_skipped() const { return guard_.num_skipped(); }

 private:
  void lock_folder() { lock_.emplace(options_.folder.path); }
  void restore();
  void train_one_batch();
  void report();
  void checkpoint();
  void stop_if_interrupted();

  TrainingRunOptions options_;
  std::optional<FolderLock> lock_;
  NonFiniteGuard guard_;
  RunLog log_;
  std::int64_t done_ = 0;      // steps done
  bool last_was_good_ = true;  // the last batch was finite
  bool is_checkpoint_due_ = false;
};

}  // namespace kilonat::train
