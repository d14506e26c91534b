#include "kilonat/train/training_run.h"

#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/train/tensorboard_writer.h"

namespace kilonat::train {

TrainingRun::TrainingRun(TrainingRunOptions options)
    : options_(std::move(options)), guard_(options_.max_bad_batches) {}

void TrainingRun::begin(std::unique_ptr<RunSink> console) {
  const RunFolder& folder = options_.folder;
  if (folder.holds_run()) lock_folder();
  if (options_.resume) {
    restore();
  } else {
    start_anew();
    if (!lock_ && folder.holds_run()) lock_folder();  // another process has made it meanwhile
    create_run_folder(folder, options_.replace);
    lock_folder();
  }
  write_text_atomic(folder.config(), options_.config);
  const auto resumed = options_.resume ? std::optional(done_) : std::nullopt;
  log_.add(std::make_unique<JsonlSink>(folder.metrics(), resumed));
  log_.add(std::make_unique<TensorBoardWriter>(folder.path, resumed));
  if (console) log_.add(std::move(console));
  if (!options_.resume) checkpoint();
}

void TrainingRun::train() {
  while (done_ < options_.steps) {
    train_one_batch();
    if (done_ < options_.steps) report();
    if (done_ % options_.checkpoint_every == 0) is_checkpoint_due_ = true;
    if (is_checkpoint_due_ && last_was_good_) checkpoint();
    stop_if_interrupted();
  }
  KILONAT_REQUIRE(has_finite_weights(),
                  NumericError,
                  "step {}: the weights are not finite; the last checkpoint is kept",
                  done_);
  checkpoint();
}

/// An interrupt in a report is one after the step: what was trained is saved.
void TrainingRun::report() {
  try {
    report_if_due(done_);
  } catch (const Interrupted&) {
    stop_if_interrupted();
    throw;
  }
}

void TrainingRun::restore() {
  const std::filesystem::path& path = options_.folder.path;
  const Checkpoint checkpoint = load_checkpoint(path, latest_step(path));
  try {
    restore_from(checkpoint);
    guard_.restore(checkpoint.state.at("guard"));
  } catch (const nlohmann::json::exception& error) {
    throw FormatError(fmt::format("checkpoint of step {}: {}", checkpoint.step, error.what()));
  }
  done_ = checkpoint.step;
}

void TrainingRun::train_one_batch() {
  BatchResult result = run_step(done_);
  ++done_;
  last_was_good_ = result.step.not_finite.empty();
  if (last_was_good_) {
    guard_.count_good();
  } else {
    spdlog::warn(guard_.count_bad(done_, result.step.not_finite, result.ids));
    result.step.scalars = {{"guard/skipped", static_cast<double>(guard_.num_skipped())}};
  }
  if (done_ % options_.log_every == 0) log_.scalars(done_, result.step.scalars);
}

void TrainingRun::checkpoint() {
  is_checkpoint_due_ = false;
  log_.flush();
  Checkpoint checkpoint;
  checkpoint.step = done_;
  save_to(checkpoint);
  checkpoint.state["guard"] = guard_.state();
  save_checkpoint(options_.folder.path, checkpoint);
  prune_checkpoints(options_.folder.path, options_.keep_checkpoints);
}

void TrainingRun::stop_if_interrupted() {
  if (!interrupt_requested() || done_ == options_.steps) return;
  if (last_was_good_) checkpoint();
  const std::filesystem::path& path = options_.folder.path;
  const std::vector<std::int64_t> saved = checkpoint_steps(path);
  throw Interrupted(
      fmt::format("interrupted at step {} of {}; {}",
                  done_,
                  options_.steps,
                  saved.empty() ? "no checkpoint is saved, since the last batches were not finite"
                                : fmt::format("go on from the checkpoint of step {} with: kilonat "
                                              "{} --resume --out '{}'",
                                              saved.back(),
                                              options_.command,
                                              path.string())));
}

}  // namespace kilonat::train
