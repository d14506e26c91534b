#include "kilonat/train/codec_trainer.h"

#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/codec/model_file.h"
#include "kilonat/config/schema.h"
#include "kilonat/rate/units.h"
#include "kilonat/train/checkpoint.h"
#include "kilonat/train/codec_data.h"
#include "kilonat/train/codec_report.h"
#include "kilonat/train/codec_step.h"
#include "kilonat/train/gain_init.h"
#include "kilonat/train/guard.h"
#include "kilonat/train/init_model.h"
#include "kilonat/train/rate_calibration.h"
#include "kilonat/train/run_folder.h"
#include "kilonat/train/tensorboard_writer.h"

namespace kilonat::train {
namespace {

/// Relative error of the rate up to which the end of a run corrects it, see Note [Calibration].
constexpr double kMostCalibrated = 0.15;

/// A run in progress. Order of members: order of construction.
class CodecTrainer {
 public:
  CodecTrainer(const TrainRequest& request, std::unique_ptr<RunSink> console)
      : request_(request),
        options_(request.options),
        folder_{request.run_folder},
        data_(open_codec_data(options_)),
        step_(options_, make_model(), request.device),
        guard_(options_.run.max_bad_batches),
        report_(options_, data_, folder_) {
    if (request.resume) {
      restore();
    } else {
      initialise();
      start_loader(0);
      create_run_folder(folder_, request.replace);
    }
    write_text_atomic(folder_.config(), config::to_toml(options_));
    add_sinks(std::move(console));
    if (!request.resume) checkpoint();  // so that a run cut off early can be resumed too
  }

  TrainResult run() {
    while (done_ < options_.run.steps) {
      train_one_batch();
      report_if_due();
      checkpoint_if_due();
      stop_if_interrupted();
    }
    return finish();
  }

 private:
  void start_loader(std::uint64_t first) { loader_ = make_loader(options_, data_, "train", first); }
  codec::Autoencoder make_model();
  void initialise();
  void restore();
  void add_sinks(std::unique_ptr<RunSink> console);
  void train_one_batch();
  void report_if_due();
  void checkpoint_if_due();
  void checkpoint();
  void stop_if_interrupted();
  TrainResult finish();
  double settle_rate();

  const TrainRequest& request_;
  const CodecTrainOptions& options_;
  bool needs_bottleneck_ = true;  // it starts from random weights
  RunFolder folder_;
  CodecData data_;
  std::unique_ptr<data::ExcerptLoader> loader_;
  CodecStep step_;
  NonFiniteGuard guard_;
  CodecReport report_;
  RunLog log_;
  std::int64_t done_ = 0;      // steps done
  bool last_was_good_ = true;  // the last batch was finite
  bool is_checkpoint_due_ = false;
};

codec::Autoencoder CodecTrainer::make_model() {
  const SeedTree seeds(static_cast<std::uint64_t>(options_.run.seed));
  codec::Autoencoder model(options_.codec, seeds.child("weights").seed());
  if (options_.init.gains == "unit") initialise_gains_(model);
  initialise_snakes_(model, options_.init.snake_alpha);
  if (!request_.init_model.empty() && !request_.resume) {
    needs_bottleneck_ = !load_initial_weights_(model, request_.init_model).has_bottleneck;
  }
  model->to(request_.device);
  model->train();
  return model;
}

void CodecTrainer::initialise() {
  if (step_.law() == nullptr || !options_.init.from_data || !needs_bottleneck_) return;
  const auto loader = make_loader(options_, data_, "init", 0);
  const BottleneckInitReport report =
      initialise_bottleneck_(step_.model(),
                             options_.init,
                             step_.law()->final_target_nats(),
                             options_.rate.edge_frames,
                             [&] { return loader->next().audio_BCT.to(request_.device); });
  step_.reset_ema();
  spdlog::debug("bottleneck: spread of the means was {:.4g}; K set to {:.2f} nats, measured {:.2f}",
                report.mean_spread_before,
                report.start_nats,
                report.measured_nats);
}

void CodecTrainer::restore() {
  const Checkpoint checkpoint = load_checkpoint(folder_.path, latest_step(folder_.path));
  try {
    step_.restore_from(checkpoint);
    guard_.restore(checkpoint.state.at("guard"));
    start_loader(checkpoint.state.at("next_batch").get<std::uint64_t>());
  } catch (const nlohmann::json::exception& error) {
    throw FormatError(fmt::format("checkpoint of step {}: {}", checkpoint.step, error.what()));
  }
  done_ = checkpoint.step;
}

void CodecTrainer::add_sinks(std::unique_ptr<RunSink> console) {
  const auto resumed = request_.resume ? std::optional(done_) : std::nullopt;
  log_.add(std::make_unique<JsonlSink>(folder_.metrics(), resumed));
  log_.add(std::make_unique<TensorBoardWriter>(folder_.path, resumed));
  if (console) log_.add(std::move(console));
}

void CodecTrainer::train_one_batch() {
  const data::Batch batch = loader_->next();
  StepResult result = step_.run(done_, batch.audio_BCT);
  ++done_;
  last_was_good_ = result.not_finite.empty();
  if (last_was_good_) {
    guard_.count_good();
  } else {
    spdlog::warn(guard_.count_bad(done_, result.not_finite, batch.ids));
    result.scalars = {{"guard/skipped", static_cast<double>(guard_.num_skipped())}};
  }
  if (done_ % options_.run.log_every == 0) log_.scalars(done_, result.scalars);
}

void CodecTrainer::report_if_due() {
  const std::int64_t every = options_.run.sample_every;
  const bool is_last = done_ == options_.run.steps;  // finish() listens to the calibrated weights
  if (is_last || every == 0 || done_ % every != 0) return;
  const EmaScope averaged(state_of(*step_.model()), step_.ema().tensors());
  report_.listen(step_.model(), done_, log_);
  log_.flush();
}

/// While batches are not finite, checkpoints wait: broken weights must not push out good ones.
void CodecTrainer::checkpoint_if_due() {
  if (done_ % options_.run.checkpoint_every == 0) is_checkpoint_due_ = true;
  if (is_checkpoint_due_ && last_was_good_) checkpoint();
}

void CodecTrainer::checkpoint() {
  is_checkpoint_due_ = false;
  log_.flush();
  Checkpoint checkpoint;
  checkpoint.step = done_;
  step_.save_to(checkpoint);
  checkpoint.state["guard"] = guard_.state();
  checkpoint.state["next_batch"] = loader_->position();
  save_checkpoint(folder_.path, checkpoint);
  prune_checkpoints(folder_.path, options_.run.keep_checkpoints);
}

void CodecTrainer::stop_if_interrupted() {
  if (!interrupt_requested() || done_ == options_.run.steps) return;
  if (last_was_good_) checkpoint();
  const std::vector<std::int64_t> saved = checkpoint_steps(folder_.path);
  throw Interrupted(fmt::format(
      "interrupted at step {} of {}; {}",
      done_,
      options_.run.steps,
      saved.empty() ? "no checkpoint is saved, since the last batches were not finite"
                    : fmt::format("go on from the checkpoint of step {} with: kilonat train "
                                  "--resume --out '{}'",
                                  saved.back(),
                                  folder_.path.string())));
}

TrainResult CodecTrainer::finish() {
  KILONAT_REQUIRE(step_.has_finite_weights(),
                  NumericError,
                  "step {}: the weights are not finite; the last checkpoint is kept",
                  done_);
  checkpoint();
  TrainResult result{
      .steps = done_, .skipped_batches = guard_.num_skipped(), .model = folder_.model()};
  const EmaScope averaged(state_of(*step_.model()), step_.ema().tensors());
  if (step_.law() != nullptr) {
    const double nats = settle_rate();
    result.excerpt_kbps = rate::kbps_from_nats(nats, step_.law()->frame_rate_hz());
    result.rate = step_.law()->report_on(nats);
  }
  report_.listen(step_.model(), done_, log_);
  codec::ModelMetadata metadata = report_.describe_model(step_.model(), done_);
  metadata.excerpt_kbps = result.excerpt_kbps;
  codec::save_model(folder_.model(), *step_.model(), metadata);
  log_.flush();
  return result;
}

/// Calibrates the averaged weights; returns their nats per frame on excerpts that neither training
/// nor the calibration has seen.
double CodecTrainer::settle_rate() {
  const std::int64_t batch_size = options_.data.excerpts.batch_size;
  const std::int64_t num_batches =
      (options_.rate.calibration_excerpts + batch_size - 1) / batch_size;
  const auto batches_of = [&](std::string_view purpose) {
    return [this, loader = std::shared_ptr(make_loader(options_, data_, purpose, 0))] {
      throw_if_interrupted("measuring the rate (the last checkpoint is saved)");
      return loader->next().audio_BCT.to(request_.device);
    };
  };
  std::optional<double> contraction;
  if (options_.rate.calibrate && options_.rate.law.law != "fixed") {
    contraction = calibrate_rate_(step_.model(),
                                  step_.law()->final_target_nats(),
                                  kMostCalibrated,
                                  num_batches,
                                  options_.rate.edge_frames,
                                  batches_of("calibration"));
  }
  const double nats =
      mean_nats(step_.model(), num_batches, options_.rate.edge_frames, batches_of("measurement"));
  const std::vector<Scalar> row{
      {"final/kbps", rate::kbps_from_nats(nats, step_.law()->frame_rate_hz())},
      {"final/spread_contraction", contraction.value_or(0.0)}};
  log_.scalars(done_, row);
  return nats;
}

}  // namespace

std::int64_t latest_step(const std::filesystem::path& run_folder) {
  const std::vector<std::int64_t> steps = checkpoint_steps(run_folder);
  KILONAT_REQUIRE(!steps.empty(),
                  FormatError,
                  "resuming '{}': no checkpoint in '{}'; start it anew with --force instead of "
                  "--resume",
                  run_folder.string(),
                  (run_folder / "checkpoints").string());
  return steps.back();
}

TrainResult train_codec(const TrainRequest& request, std::unique_ptr<RunSink> console) {
  check(request.options);
  CodecTrainer trainer(request, std::move(console));
  return trainer.run();
}

}  // namespace kilonat::train
