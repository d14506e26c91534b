#include "kilonat/train/generator_trainer.h"

#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"
#include "kilonat/generation/generator.h"
#include "kilonat/generation/latent_batches.h"
#include "kilonat/tensor/module_weights.h"
#include "kilonat/text/t5_folder.h"
#include "kilonat/text/word_encoder.h"
#include "kilonat/train/generator_report.h"
#include "kilonat/train/generator_step.h"
#include "kilonat/train/latent_encoding.h"
#include "kilonat/train/run_folder.h"
#include "kilonat/train/training_run.h"

namespace kilonat::train {
namespace {

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
  diffusion::LatentNormaliser normaliser(latent_channels(set.info()), options.generator.latent);
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
class GeneratorTrainer : public TrainingRun {
 public:
  explicit GeneratorTrainer(const GeneratorRequest& request)
      : TrainingRun(training_run_options(request, "train-generator")),
        options_(request.options),
        folder_{request.run_folder},
        set_(std::make_shared<generation::LatentSet>(options_.batches.latents)),
        stored_codec_(codec::read_stored_model(set_->codec_file())),
        codec_(codec::build_model(stored_codec_, set_->codec_file().string(), request.device)),
        batches_(make_batches(options_, set_)),
        step_(options_, make_model(options_, *set_, request.device), request.device),
        report_(options_, set_, folder_) {}

  /// Of the trained weights: scores, makes sounds, and writes the model.
  GeneratorResult finish();

 protected:
  BatchResult run_step(std::int64_t done) override;
  void report_if_due(std::int64_t done) override;
  void save_to(Checkpoint& checkpoint) const override;
  void restore_from(const Checkpoint& checkpoint) override;
  [[nodiscard]] bool has_finite_weights() const override { return step_.has_finite_weights(); }

 private:
  const GeneratorTrainOptions& options_;
  RunFolder folder_;
  std::shared_ptr<const generation::LatentSet> set_;
  codec::StoredModel stored_codec_;
  codec::LoadedModel codec_;
  generation::LatentBatches batches_;
  GeneratorStep step_;
  GeneratorReport report_;
};

void GeneratorTrainer::restore_from(const Checkpoint& checkpoint) {
  const auto require_same = [&](const char* key, const std::string& now, const char* what) {
    KILONAT_REQUIRE(checkpoint.state.at(key).get<std::string>() == now,
                    ConfigError,
                    "resuming '{}': {} differ from those that it was trained with so far",
                    folder_.path.string(),
                    what);
  };
  require_same("latents", set_->hash(), "the latents");
  require_same("text", step_.text_description(), "the text encoder and its words");
  step_.restore_from(checkpoint);
}

void GeneratorTrainer::save_to(Checkpoint& checkpoint) const {
  step_.save_to(checkpoint);
  checkpoint.state["latents"] = set_->hash();
  checkpoint.state["text"] = step_.text_description();
}

BatchResult GeneratorTrainer::run_step(std::int64_t done) {
  generation::LatentBatch batch = batches_.make(static_cast<std::uint64_t>(done));
  return {step_.run(done, batch), std::move(batch.ids)};
}

void GeneratorTrainer::report_if_due(std::int64_t done) {
  const auto is_due = [&](std::int64_t every) { return every > 0 && done % every == 0; };
  const bool scores = is_due(options_.run.evaluate_every);
  const bool listens = is_due(options_.run.sample_every);
  if (!scores && !listens) return;
  const EmaScope averaged(state_of(*step_.model()), step_.ema().tensors());
  if (scores) report_.score(step_.model(), done, log());
  if (listens) report_.listen(step_.model(), codec_.model, done, log());
  log().flush();
}

GeneratorResult GeneratorTrainer::finish() {
  GeneratorResult result{
      .steps = done(), .skipped_batches = num_skipped(), .model = folder_.model()};
  const EmaScope averaged(state_of(*step_.model()), step_.ema().tensors());
  result.score = report_.score(step_.model(), done(), log());
  report_.listen(step_.model(), codec_.model, done(), log());
  generation::save_generator(folder_.model(),
                             *step_.model(),
                             tensor::weights_of(*step_.model()),
                             stored_codec_,
                             {.training_steps = done(),
                              .score = result.score.value_or(0),
                              .typical_duration_s = typical_duration_s(*set_, options_.batches),
                              .latents = set_->info()});
  log().flush();
  return result;
}

}  // namespace

GeneratorResult train_generator(const GeneratorRequest& request, std::unique_ptr<RunSink> console) {
  GeneratorTrainer trainer(request);
  trainer.begin(std::move(console));
  trainer.train();
  return trainer.finish();
}

}  // namespace kilonat::train
