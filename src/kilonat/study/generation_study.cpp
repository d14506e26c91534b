#include "kilonat/study/generation_study.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/config/schema.h"
#include "kilonat/rate/units.h"
#include "kilonat/study/curve.h"
#include "kilonat/study/generation_csv.h"
#include "kilonat/study/generation_measure.h"
#include "kilonat/study/generation_summary.h"
#include "kilonat/study/study_files.h"
#include "kilonat/train/checkpoint.h"
#include "kilonat/train/generator_step.h"
#include "kilonat/train/generator_trainer.h"
#include "kilonat/train/latent_encoding.h"
#include "kilonat/train/run_folder.h"

namespace kilonat::study {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kCurveEntries = 200;
constexpr std::uint64_t kBoundSeed = 1;

/// The point before anything was measured: missing, with what the codec's point says.
GenerationPoint point_of(const PlannedGenerator& generator) {
  const Point& codec = generator.codec.point;
  GenerationPoint point;
  point.id = generator.id;
  point.codec_point = codec.id;
  point.target_kbps = codec.target_kbps;
  point.seed = static_cast<std::uint64_t>(generator.training.run.seed);
  for (const char* name : kGenerationRateNames) {
    if (codec.rates.contains(name)) point.rates[name] = codec.rates.at(name);
  }
  point.predictability = predictability_of(codec);
  return point;
}

/// Flow loss and held-out score of the run's log, by the page's names.
Curve curve_of(const train::RunFolder& folder) {
  const Curve full = read_curve(folder.metrics());
  const auto entries = static_cast<std::int64_t>(full.step.size());
  Curve thin = thinned(full, std::max<std::int64_t>(1, entries / kCurveEntries));
  Curve curve;
  curve.step = std::move(thin.step);
  for (const auto& [logged, name] :
       {std::pair{"flow/loss", "loss"}, std::pair{"valid/score", "eta"}}) {
    if (thin.metrics.contains(logged)) curve.metrics[name] = std::move(thin.metrics[logged]);
  }
  return curve;
}

/// What held-out latents cost with the generator as their prior; empty if there are none.
std::optional<double> diffusion_kbps(generation::LoadedGenerator& generator,
                                     const train::GeneratorTrainOptions& training) {
  const generation::LatentSet set(training.batches.latents);
  const auto picks = generation::plain_picks(
      set, training.batches.held_out, training.batches.max_frames, kBoundSeed);
  if (picks.empty()) return {};
  const train::DiffusionBound bound =
      train::diffusion_bound(generator.model, set, picks, training.batches.batch_size, kBoundSeed);
  return rate::kbps_from_nats(bound.nats_per_frame(), set.info().frame_rate_hz());
}

/// The config without the place of the latents, whose folder's name says what is in it: a study
/// that was moved, or is named by another path, is the same.
std::string settings_of(train::GeneratorTrainOptions training) {
  training.batches.latents = fs::path(training.batches.latents).filename().string();
  return config::to_toml(training);
}

/// A point file: a study of one point, its hash in the place of the commands.
GenerationResults wrap(GenerationPoint point, std::string hash) {
  GenerationResults results;
  results.name = point.id;
  results.created = now_text();
  results.commands = {std::move(hash)};
  results.metrics = generation_metrics();
  results.points.push_back(std::move(point));
  return results;
}

/// The score and the bound are of the clips that the sounds are compared with.
train::GeneratorTrainOptions with_held_out(train::GeneratorTrainOptions base,
                                           const std::string& split) {
  base.batches.held_out = split;
  return base;
}

/// Takes out the metrics that nothing has a value for: words are measured of procedural sounds
/// only.
void drop_unmeasured_metrics(GenerationResults& results) {
  std::erase_if(results.metrics, [&](const GenerationMetric& metric) {
    const auto has = [&](const auto& holder) { return holder.metrics.contains(metric.id); };
    return std::none_of(results.anchors.begin(), results.anchors.end(), has) &&
           std::none_of(results.points.begin(), results.points.end(), has);
  });
}

}  // namespace

GenerationStudy::GenerationStudy(GenerationRequest request)
    : request_(std::move(request)),
      classifier_hash_(hash_file(request_.options.classifier)),
      judge_(request_.options.sources, request_.options.classifier),
      generators_(
          plan_generation(request_.options,
                          studied_codecs(request_.options.rd_study, request_.options.points),
                          with_held_out(request_.base, judge_.held_out_split()),
                          request_.folder)) {}

fs::path GenerationStudy::run_folder(const PlannedGenerator& generator) const {
  return request_.folder / "runs" / run_name(generator.id, settings_of(generator.training));
}

fs::path GenerationStudy::point_path(const std::string& id) const {
  return request_.folder / "points" / (id + ".json");
}

std::string GenerationStudy::hash_of(const PlannedGenerator& generator) const {
  GenerationOptions measured = request_.options;
  measured.name.clear();
  measured.points.clear();
  measured.rd_study.clear();  // the latents' folder says which codec it is
  measured.classifier = classifier_hash_;
  measured.seeds = {0};  // which others there are does not matter
  return hash_text(fmt::format("{}\n{}\n{}",
                               settings_of(generator.training),
                               generator.codec.point.config,
                               config::to_toml(GenerationStudyConfig{measured})));
}

std::optional<GenerationPoint> GenerationStudy::measured(const PlannedGenerator& generator) const {
  std::error_code ignored;
  if (!fs::exists(point_path(generator.id), ignored)) return std::nullopt;
  GenerationResults results = load_generation(point_path(generator.id));
  const bool fits = results.points.size() == 1 &&
                    results.commands == std::vector<std::string>{hash_of(generator)};
  return fits ? std::optional(std::move(results.points[0])) : std::nullopt;
}

bool GenerationStudy::is_done(const PlannedGenerator& generator) const {
  return measured(generator).has_value();
}

std::int64_t GenerationStudy::steps_left(const PlannedGenerator& generator) const {
  std::error_code ignored;
  const train::RunFolder folder{run_folder(generator)};
  if (fs::exists(folder.model(), ignored) || is_done(generator)) return 0;
  const std::vector<std::int64_t> saved = train::checkpoint_steps(folder.path);
  return generator.training.run.steps - (saved.empty() ? 0 : saved.back());
}

std::int64_t GenerationStudy::steps_to_log(const PlannedGenerator& generator) const {
  const std::int64_t left = steps_left(generator);
  if (left == 0) return 0;
  const std::int64_t logged = last_logged_step(train::RunFolder{run_folder(generator)}.metrics());
  return std::min(left, generator.training.run.steps - logged);
}

void GenerationStudy::run(const PlannedGenerator& generator,
                          std::unique_ptr<train::RunSink> console,
                          const OnStage& on_stage) {
  if (is_done(generator)) return;
  create_folder(request_.folder / "points");
  write_text_atomic(request_.folder / "study.toml",
                    config::to_toml(GenerationStudyConfig{request_.options}));
  encode(generator, on_stage);
  train(generator, std::move(console));
  measure(generator, on_stage);
}

void GenerationStudy::encode(const PlannedGenerator& generator, const OnStage& on_stage) const {
  const fs::path folder = generator.training.batches.latents;
  std::error_code ignored;
  if (fs::exists(folder / "latents.json", ignored)) return;
  create_folder(folder.parent_path());
  const codec::LoadedModel codec = codec::load_model(generator.codec.model, request_.device);
  train::LatentProgress progress;
  if (on_stage) {
    progress = [&](std::int64_t done, std::int64_t total) {
      on_stage("encoding the sounds with " + generator.codec.point.id, done, total);
    };
  }
  train::encode_latents(
      codec,
      generator.codec.model,
      {.sources = request_.options.sources, .variants = request_.options.variants},
      folder,
      progress);
}

void GenerationStudy::train(const PlannedGenerator& generator,
                            std::unique_ptr<train::RunSink> console) const {
  std::error_code ignored;
  const train::RunFolder folder{run_folder(generator)};
  if (fs::exists(folder.model(), ignored)) return;
  create_folder(folder.path.parent_path());
  const bool resume = folder.holds_run() && !train::checkpoint_steps(folder.path).empty();
  train::train_generator({.options = generator.training,
                          .run_folder = folder.path,
                          .device = request_.device,
                          .resume = resume,
                          .replace = true},
                         std::move(console));
}

void GenerationStudy::measure(const PlannedGenerator& generator, const OnStage& on_stage) {
  const train::RunFolder folder{run_folder(generator)};
  generation::LoadedGenerator loaded =
      generation::load_generator(folder.path, generator.training.text.t5_folder, request_.device);
  GenerationPoint point = point_of(generator);
  GenerationPoint found =
      measure_generator(loaded, generator.id, request_.options, judge_, request_.folder, on_stage);
  point.status = PointStatus::kDone;
  point.steps = generator.training.run.steps;
  point.guidance = found.guidance;
  point.guidance_curve = std::move(found.guidance_curve);
  point.sampler =
      diffusion::solver_names()[static_cast<std::size_t>(request_.options.sampler)].first;
  point.sampler_steps = request_.options.sampler_steps;
  point.metrics = std::move(found.metrics);
  point.reconstruction = std::move(found.reconstruction);
  point.classes = std::move(found.classes);
  point.confusion = std::move(found.confusion);
  point.audio = std::move(found.audio);
  if (on_stage) on_stage("what it knows of held-out latents", 0, 1);
  if (const auto kbps = diffusion_kbps(loaded, generator.training)) {
    point.rates["diffusion_kbps"] = *kbps;
  }
  point.curve = curve_of(folder);
  point.eta = last_value(point.curve, "eta");
  save_generation(point_path(generator.id), wrap(std::move(point), hash_of(generator)));
}

std::vector<Anchor> GenerationStudy::anchors() {
  const fs::path path = point_path("anchors");
  const std::string hash =
      hash_text(fmt::format("{}\n{}", fmt::join(request_.options.sources, "\n"), classifier_hash_));
  std::error_code ignored;
  if (fs::exists(path, ignored)) {
    GenerationResults kept = load_generation(path);
    if (kept.commands == std::vector<std::string>{hash}) return std::move(kept.anchors);
  }
  GenerationResults results;
  results.name = "anchors";
  results.created = now_text();
  results.commands = {hash};
  results.metrics = generation_metrics();
  results.anchors = judge_.anchors();
  create_folder(path.parent_path());
  save_generation(path, results);
  return results.anchors;
}

std::optional<std::int64_t> GenerationStudy::num_parameters() const {
  std::set<std::int64_t> counts;
  for (const PlannedGenerator& generator : generators_) {
    std::error_code ignored;
    const fs::path model = train::RunFolder{run_folder(generator)}.model();
    if (!fs::exists(model, ignored)) continue;
    counts.insert(generation::describe_generator(model).num_parameters);
  }
  return counts.size() == 1 ? std::optional(*counts.begin()) : std::nullopt;
}

GenerationResults GenerationStudy::collect(const std::vector<std::string>& commands,
                                           const std::map<std::string, std::string>& versions) {
  GenerationResults results;
  results.name = request_.options.name;
  results.created = now_text();
  results.commands = commands;
  results.versions = versions;
  results.data.description =
      fmt::format("prompts of the classes of split '{}' of {}; reference: split 'train'",
                  judge_.held_out_split(),
                  fmt::join(request_.options.sources, ", "));
  results.data.clips = static_cast<std::int64_t>(judge_.held_out().size());
  results.generator.config = config::to_toml(with_held_out(request_.base, judge_.held_out_split()));
  results.generator.parameters = num_parameters();
  results.metrics = generation_metrics();
  results.anchors = anchors();
  for (const PlannedGenerator& generator : generators_) {
    std::optional<GenerationPoint> point = measured(generator);
    if (!point) {
      point = point_of(generator);
      point->why = "not run yet";
    }
    results.points.push_back(std::move(*point));
  }
  drop_unmeasured_metrics(results);
  summarise(request_.options.metric, results);
  save_generation(request_.folder / "generation.json", results);
  save_generation_csv(request_.folder / "generation.csv", results);
  return results;
}

}  // namespace kilonat::study
