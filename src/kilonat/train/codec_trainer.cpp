#include "kilonat/train/codec_trainer.h"

#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "kilonat/base/interrupt.h"
#include "kilonat/codec/model_file.h"
#include "kilonat/rate/units.h"
#include "kilonat/train/codebook_init.h"
#include "kilonat/train/codec_data.h"
#include "kilonat/train/codec_report.h"
#include "kilonat/train/codec_step.h"
#include "kilonat/train/gain_init.h"
#include "kilonat/train/init_model.h"
#include "kilonat/train/rate_calibration.h"
#include "kilonat/train/run_folder.h"
#include "kilonat/train/training_run.h"

namespace kilonat::train {
namespace {

/// Relative error of the rate up to which the end of a run corrects it, see Note [Calibration].
constexpr double kMostCalibrated = 0.15;

/// A run in progress. Order of members: order of construction.
class CodecTrainer : public TrainingRun {
 public:
  explicit CodecTrainer(const TrainRequest& request)
      : TrainingRun(training_run_options(request, "train")),
        request_(request),
        options_(request.options),
        folder_{request.run_folder},
        data_(open_codec_data(options_)),
        step_(options_, make_model(), request.device),
        report_(options_, data_, folder_) {}

  /// Of the trained weights: settles the rate, measures, and writes the model.
  TrainResult finish();

 protected:
  void start_anew() override;
  BatchResult run_step(std::int64_t done) override;
  void report_if_due(std::int64_t done) override;
  void save_to(Checkpoint& checkpoint) const override;
  void restore_from(const Checkpoint& checkpoint) override;
  [[nodiscard]] bool has_finite_weights() const override { return step_.has_finite_weights(); }

 private:
  void start_loader(std::uint64_t first) { loader_ = make_loader(options_, data_, "train", first); }
  codec::Autoencoder make_model();
  void initialise();
  double settle_rate();

  const TrainRequest& request_;
  const CodecTrainOptions& options_;
  bool needs_bottleneck_ = true;  // it starts from random weights
  RunFolder folder_;
  CodecData data_;
  std::unique_ptr<data::ExcerptLoader> loader_;
  CodecStep step_;
  CodecReport report_;
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
  codec::Autoencoder& model = step_.model();
  if (!options_.init.from_data || !needs_bottleneck_) return;
  if (model->gaussian.is_empty() && model->rvq.is_empty()) return;
  const auto loader = make_loader(options_, data_, "init", 0);
  const auto next_batch = [&] { return loader->next().audio_BCT.to(request_.device); };
  if (model->gaussian.is_empty()) {
    const SeedTree seeds(static_cast<std::uint64_t>(options_.run.seed));
    const CodebookInitReport report =
        initialise_codebooks_(model, seeds.child("codebooks").seed(), next_batch);
    spdlog::debug("codebooks: fitted to {} frames, of whose variance {:.3g} is left over",
                  report.num_frames,
                  report.left_over);
  } else {
    const BottleneckInitReport report = initialise_bottleneck_(model,
                                                               options_.init,
                                                               step_.law()->final_target_nats(),
                                                               options_.rate.edge_frames,
                                                               next_batch);
    spdlog::debug(
        "bottleneck: spread of the means was {:.4g}; K set to {:.2f} nats, measured {:.2f}",
        report.mean_spread_before,
        report.start_nats,
        report.measured_nats);
  }
  step_.reset_ema();
}

void CodecTrainer::start_anew() {
  initialise();
  start_loader(0);
}

void CodecTrainer::restore_from(const Checkpoint& checkpoint) {
  step_.restore_from(checkpoint);
  start_loader(checkpoint.state.at("next_batch").get<std::uint64_t>());
}

void CodecTrainer::save_to(Checkpoint& checkpoint) const {
  step_.save_to(checkpoint);
  checkpoint.state["next_batch"] = loader_->position();
}

BatchResult CodecTrainer::run_step(std::int64_t done) {
  data::Batch batch = loader_->next();
  return {step_.run(done, batch.audio_BCT), std::move(batch.ids)};
}

void CodecTrainer::report_if_due(std::int64_t done) {
  const std::int64_t every = options_.run.sample_every;
  if (every == 0 || done % every != 0) return;
  const EmaScope averaged(state_of(*step_.model()), step_.ema().tensors());
  report_.listen(step_.model(), done, log());
  log().flush();
}

TrainResult CodecTrainer::finish() {
  TrainResult result{.steps = done(), .skipped_batches = num_skipped(), .model = folder_.model()};
  const EmaScope averaged(state_of(*step_.model()), step_.ema().tensors());
  if (step_.law() != nullptr) {
    const double nats = settle_rate();
    result.excerpt_kbps = rate::kbps_from_nats(nats, step_.law()->frame_rate_hz());
    result.rate = step_.law()->report_on(nats);
  }
  report_.listen(step_.model(), done(), log());
  codec::ModelMetadata metadata = report_.describe_model(step_.model(), done());
  metadata.excerpt_kbps = result.excerpt_kbps;
  codec::save_model(folder_.model(), *step_.model(), metadata);
  log().flush();
  return result;
}

/// Calibrates the averaged weights; returns their nats per frame on excerpts that neither training
/// nor the calibration has seen.
double CodecTrainer::settle_rate() {
  const std::int64_t batch_size = options_.data.excerpts.batch_size;
  const std::int64_t num_batches =
      (options_.rate.calibration_excerpts + batch_size - 1) / batch_size;
  CodecTrainOptions plain = options_;
  plain.data.excerpts = data::without_augmentation(options_.data.excerpts);
  const auto batches_of = [&](std::string_view purpose) {
    return [this, loader = std::shared_ptr(make_loader(plain, data_, purpose, 0))] {
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
  log().scalars(done(), row);
  return nats;
}

}  // namespace

TrainResult train_codec(const TrainRequest& request, std::unique_ptr<RunSink> console) {
  check(request.options);
  CodecTrainer trainer(request);
  trainer.begin(std::move(console));
  trainer.train();
  return trainer.finish();
}

}  // namespace kilonat::train
