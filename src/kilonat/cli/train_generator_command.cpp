/// kilonat train-generator: a generator on the latents of a codec.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/cli/commands.h"
#include "kilonat/cli/config_files.h"
#include "kilonat/cli/training_flags.h"
#include "kilonat/config/schema.h"
#include "kilonat/train/generator_trainer.h"

namespace kilonat::cli {
namespace {

namespace fs = std::filesystem;

struct TrainGeneratorFlags : TrainingFlags {
  std::string latents;
  std::string t5_folder;
};

/// The config file (or, resuming, the run's own), then --set, then the flags of their own.
train::GeneratorTrainOptions resolve_options(const TrainGeneratorFlags& flags,
                                             const train::RunFolder& folder) {
  train::GeneratorTrainOptions options;
  config::load(flags.config.empty() ? folder.config() : find_config(flags.config, "diffusion"),
               flags.overrides,
               options);
  if (!flags.latents.empty()) options.batches.latents = flags.latents;
  if (!flags.t5_folder.empty()) options.text.t5_folder = flags.t5_folder;
  if (flags.steps) options.run.steps = *flags.steps;
  if (flags.seed) options.run.seed = *flags.seed;
  return options;
}

fs::path default_run_folder(const TrainGeneratorFlags& flags) {
  const std::string latents = fs::path(flags.latents).lexically_normal().filename().string();
  return fs::path("runs") / fmt::format("{}-{}",
                                        fs::path(flags.config).stem().string(),
                                        latents.empty() ? "generator" : latents);
}

std::vector<train::ConsoleColumn> console_columns() {
  return {{.key = "flow/loss", .label = "loss"},
          {.key = "valid/score", .label = "score", .significant = 3},
          {.key = "optim/grad_norm", .label = "gradient", .significant = 2}};
}

/// A resumed run keeps its config, but for its length, its reports and where its latents lie.
train::GeneratorRequest prepare(const TrainGeneratorFlags& flags) {
  require_fp32(flags.common, "train-generator");
  const train::RunFolder folder =
      run_folder_of(flags, default_run_folder(flags), "train-generator");
  train::GeneratorRequest request{.options = resolve_options(flags, folder),
                                  .run_folder = folder.path,
                                  .device = set_up_generator_device(flags.common),
                                  .resume = flags.resume,
                                  .replace = flags.common.force};
  train::check(request.options);
  require_startable(flags,
                    folder,
                    config::to_toml(request.options),
                    {"batches.latents",
                     "text.t5_folder",
                     "run.steps",
                     "run.checkpoint_every",
                     "run.keep_checkpoints",
                     "run.log_every",
                     "run.evaluate_every",
                     "run.evaluated_clips",
                     "run.sample_every",
                     "run.sample_prompts",
                     "run.num_samples",
                     "run.max_bad_batches"});
  return request;
}

void run(const TrainGeneratorFlags& flags) {
  const train::GeneratorRequest request = prepare(flags);
  train::GeneratorResult result;
  train_with_progress(
      flags, request.run_folder, request.options.run.steps, console_columns(), [&](auto sink) {
        result = train::train_generator(request, std::move(sink));
      });
  std::vector<std::string> lines;
  nlohmann::json json = nlohmann::json::object();
  if (result.score) {
    lines.push_back(fmt::format("score on held-out clips: {:.4f} of 1", *result.score));
    json["score"] = *result.score;
  }
  report_training(flags, result.model, result.steps, result.skipped_batches, lines, json);
}

constexpr const char* kFooter =
    "Example:\n"
    "  kilonat train-generator micro --latents latents/tiny-2kbps --out runs/sounds\n"
    "  kilonat train-generator --resume --out runs/sounds\n";

}  // namespace

Command add_train_generator_command(CLI::App& app) {
  auto flags = std::make_shared<TrainGeneratorFlags>();
  CLI::App* sub = app.add_subcommand("train-generator", "Train a generator on latents");
  add_training_flags(*sub, *flags, "diffusion", "runs/CONF-DIR");
  sub->add_option("--latents", flags->latents, "What 'kilonat latents' wrote")->type_name("DIR");
  sub->add_option("--text-encoder", flags->t5_folder, "An official T5, used as it is")
      ->type_name("DIR");
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
