#include "kilonat/train/generator_trainer.h"

#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/config/schema.h"
#include "kilonat/generation/generator.h"
#include "kilonat/generation/latent_batches.h"
#include "kilonat/tensor/module_weights.h"
#include "kilonat/text/t5_folder.h"
#include "kilonat/text/word_encoder.h"
#include "kilonat/train/checkpoint.h"
#include "kilonat/train/codec_trainer.h"
#include "kilonat/train/generator_report.h"
#include "kilonat/train/generator_step.h"
#include "kilonat/train/guard.h"
#include "kilonat/train/run_folder.h"
#include "kilonat/train/tensorboard_writer.h"

namespace kilonat::train {
namespace {

torch::Tensor vector_of(const std::vector<double>& values) {
  return torch::tensor(values, torch::kDouble);
}

/// The words of the training captions, or the T5 that the options name.
std::shared_ptr<text::TextEncoder> make_text_encoder(const GeneratorTrainOptions& options,
                                                     const generation::LatentSet& set,
                                                     torch::Device device) {
  if (!options.text.t5_folder.empty()) return text::load_t5(options.text.t5_folder, device);
  std::vector<std::string> captions;
  for (const generation::LatentClip& clip : set.clips()) {
    if (clip.split == options.batches.split) captions.push_back(clip.caption);
  }
  const SeedTree seeds(static_cast<std::uint64_t>(options.run.seed));
  return std::make_shared<text::WordEncoder>(options.generator.words,
                                             text::Vocabulary::of_captions(captions),
                                             seeds.child("words").seed());
}

generation::Generator make_model(const GeneratorTrainOptions& options,
                                 const generation::LatentSet& set,
                                 torch::Device device) {
  const generation::LatentSetInfo& info = set.info();
  diffusion::LatentNormaliser normaliser({.mean_D = vector_of(info.mean),
                                          .stddev_D = vector_of(info.stddev),
                                          .nats_D = vector_of(info.nats)},
                                         options.generator.latent);
  const SeedTree seeds(static_cast<std::uint64_t>(options.run.seed));
  generation::Generator model(options.generator,
                              make_text_encoder(options, set, device),
                              std::move(normaliser),
                              seeds.child("weights").seed());
  model->to(device);
  model->train();
  return model;
}

generation::LatentBatches make_batches(const GeneratorTrainOptions& options,
                                       const std::shared_ptr<const generation::LatentSet>& set) {
  const GeneratorBatchOptions& batches = options.batches;
  const SeedTree seeds(static_cast<std::uint64_t>(options.run.seed));
  const auto shortest = static_cast<std::int64_t>(batches.shortest_s * set->info().frame_rate_hz());
  return {set,
          batches.split,
          {.batch_size = batches.batch_size,
           .max_frames = batches.max_frames,
           .prefix_share = batches.prefix_share,
           .shortest_frames = std::max<std::int64_t>(1, shortest),
           .sample = batches.sample},
          seeds.child("batches").seed()};
}

/// A run in progress. Order of members: order of construction.
class GeneratorTrainer {
 public:
  GeneratorTrainer(const GeneratorRequest& request, std::unique_ptr<RunSink> console)
      : request_(request),
        options_(request.options),
        folder_{request.run_folder},
        set_(std::make_shared<generation::LatentSet>(options_.batches.latents)),
        stored_codec_(codec::read_stored_model(set_->codec_file())),
        codec_(codec::build_model(stored_codec_, set_->codec_file().string(), request.device)),
        batches_(make_batches(options_, set_)),
        step_(options_, make_model(options_, *set_, request.device), request.device),
        guard_(options_.run.max_bad_batches),
        report_(options_, set_, folder_) {
    if (request.resume) {
      restore();
    } else {
      create_run_folder(folder_, request.replace);
    }
    write_text_atomic(folder_.config(), config::to_toml(options_));
    add_sinks(std::move(console));
    if (!request.resume) checkpoint();  // so that a run cut off early can be resumed too
  }

  GeneratorResult run() {
    while (done_ < options_.run.steps) {
      train_one_batch();
      report_if_due();
      checkpoint_if_due();
      stop_if_interrupted();
    }
    return finish();
  }

 private:
  void restore();
  void add_sinks(std::unique_ptr<RunSink> console);
  void train_one_batch();
  void report_if_due();
  void checkpoint_if_due();
  void checkpoint();
  void stop_if_interrupted();
  GeneratorResult finish();
  [[nodiscard]] bool is_due(std::int64_t every) const {
    return every > 0 && done_ % every == 0 && done_ < options_.run.steps;
  }

  const GeneratorRequest& request_;
  const GeneratorTrainOptions& options_;
  RunFolder folder_;
  std::shared_ptr<const generation::LatentSet> set_;
  codec::StoredModel stored_codec_;
  codec::LoadedModel codec_;
  generation::LatentBatches batches_;
  GeneratorStep step_;
  NonFiniteGuard guard_;
  GeneratorReport report_;
  RunLog log_;
  std::int64_t done_ = 0;  // steps done
  bool last_was_good_ = true;
  bool is_checkpoint_due_ = false;
};

void GeneratorTrainer::restore() {
  const Checkpoint checkpoint = load_checkpoint(folder_.path, latest_step(folder_.path));
  try {
    const auto found = checkpoint.state.at("codec_hash").get<std::string>();
    KILONAT_REQUIRE(found == set_->info().codec_hash,
                    ConfigError,
                    "resuming '{}': it was trained on latents of codec {}, those in '{}' are of {}",
                    folder_.path.string(),
                    found,
                    options_.batches.latents,
                    set_->info().codec_hash);
    step_.restore_from(checkpoint);
    guard_.restore(checkpoint.state.at("guard"));
  } catch (const nlohmann::json::exception& error) {
    throw FormatError(fmt::format("checkpoint of step {}: {}", checkpoint.step, error.what()));
  }
  done_ = checkpoint.step;
}

void GeneratorTrainer::add_sinks(std::unique_ptr<RunSink> console) {
  const auto resumed = request_.resume ? std::optional(done_) : std::nullopt;
  log_.add(std::make_unique<JsonlSink>(folder_.metrics(), resumed));
  log_.add(std::make_unique<TensorBoardWriter>(folder_.path, resumed));
  if (console) log_.add(std::move(console));
}

void GeneratorTrainer::train_one_batch() {
  const generation::LatentBatch batch = batches_.make(static_cast<std::uint64_t>(done_));
  StepResult result = step_.run(done_, batch);
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

/// At the end finish() does it.
void GeneratorTrainer::report_if_due() {
  const bool scores = is_due(options_.run.evaluate_every);
  const bool listens = is_due(options_.run.sample_every);
  if (!scores && !listens) return;
  const EmaScope averaged(state_of(*step_.model()), step_.ema().tensors());
  if (scores) report_.score(step_.model(), done_, log_);
  if (listens) report_.listen(step_.model(), codec_.model, done_, log_);
  log_.flush();
}

/// While batches are not finite, checkpoints wait: broken weights must not push out good ones.
void GeneratorTrainer::checkpoint_if_due() {
  if (done_ % options_.run.checkpoint_every == 0) is_checkpoint_due_ = true;
  if (is_checkpoint_due_ && last_was_good_) checkpoint();
}

void GeneratorTrainer::checkpoint() {
  is_checkpoint_due_ = false;
  log_.flush();
  Checkpoint checkpoint;
  checkpoint.step = done_;
  step_.save_to(checkpoint);
  checkpoint.state["guard"] = guard_.state();
  checkpoint.state["codec_hash"] = set_->info().codec_hash;
  save_checkpoint(folder_.path, checkpoint);
  prune_checkpoints(folder_.path, options_.run.keep_checkpoints);
}

void GeneratorTrainer::stop_if_interrupted() {
  if (!interrupt_requested() || done_ == options_.run.steps) return;
  if (last_was_good_) checkpoint();
  const std::vector<std::int64_t> saved = checkpoint_steps(folder_.path);
  throw Interrupted(
      fmt::format("interrupted at step {} of {}; {}",
                  done_,
                  options_.run.steps,
                  saved.empty() ? "no checkpoint is saved, since the last batches were not finite"
                                : fmt::format("go on from the checkpoint of step {} with: kilonat "
                                              "train-generator --resume --out '{}'",
                                              saved.back(),
                                              folder_.path.string())));
}

GeneratorResult GeneratorTrainer::finish() {
  KILONAT_REQUIRE(step_.has_finite_weights(),
                  NumericError,
                  "step {}: the weights are not finite; the last checkpoint is kept",
                  done_);
  checkpoint();
  GeneratorResult result{
      .steps = done_, .skipped_batches = guard_.num_skipped(), .model = folder_.model()};
  const EmaScope averaged(state_of(*step_.model()), step_.ema().tensors());
  result.score = report_.score(step_.model(), done_, log_);
  report_.listen(step_.model(), codec_.model, done_, log_);
  generation::save_generator(folder_.model(),
                             *step_.model(),
                             tensor::weights_of(*step_.model()),
                             stored_codec_,
                             {.training_steps = done_,
                              .score = result.score.value_or(0),
                              .typical_duration_s = typical_duration_s(*set_, options_.batches),
                              .latents = set_->info()});
  log_.flush();
  return result;
}

}  // namespace

GeneratorResult train_generator(const GeneratorRequest& request, std::unique_ptr<RunSink> console) {
  GeneratorTrainer trainer(request, std::move(console));
  return trainer.run();
}

}  // namespace kilonat::train
