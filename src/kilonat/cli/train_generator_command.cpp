/// kilonat train-generator: a generator on the latents of a codec.

#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/progress.h"
#include "kilonat/cli/commands.h"
#include "kilonat/cli/config_files.h"
#include "kilonat/config/schema.h"
#include "kilonat/tensor/memory.h"
#include "kilonat/train/codec_trainer.h"
#include "kilonat/train/generator_trainer.h"
#include "kilonat/train/run_folder.h"

namespace kilonat::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostSteps = 1'000'000'000'000;

struct TrainGeneratorFlags {
  CommonFlags common;
  std::string config;
  std::string latents;
  std::string t5_folder;
  std::string run_folder;
  std::optional<std::int64_t> steps;
  std::optional<std::int64_t> seed;
  std::vector<std::string> overrides;
  bool resume = false;
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

/// A resumed run keeps its config, but for its length, its reports and where its latents lie.
void require_same_config(const train::RunFolder& folder,
                         const train::GeneratorTrainOptions& options) {
  const std::string difference = train::config_difference(read_text(folder.config()),
                                                          config::to_toml(options),
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
  KILONAT_REQUIRE(difference.empty(),
                  ConfigError,
                  "resuming '{}': the config differs from the run's: {}",
                  folder.path.string(),
                  difference);
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

train::GeneratorRequest prepare(const TrainGeneratorFlags& flags) {
  KILONAT_REQUIRE(!flags.config.empty() || (flags.resume && !flags.run_folder.empty()),
                  ConfigError,
                  "train-generator: no config; expected CONF (or --resume with --out RUN)");
  KILONAT_REQUIRE(flags.common.precision.empty() || flags.common.precision == "fp32",
                  ConfigError,
                  "train-generator: precision {}: generators are trained in fp32",
                  flags.common.precision);
  const train::RunFolder folder{flags.run_folder.empty() ? default_run_folder(flags)
                                                         : fs::path(flags.run_folder)};
  KILONAT_REQUIRE(!flags.resume || folder.holds_run(),
                  ConfigError,
                  "resuming '{}': no run is there; start without --resume",
                  folder.path.string());
  train::GeneratorRequest request{.options = resolve_options(flags, folder),
                                  .run_folder = folder.path,
                                  .device = set_up_device(flags.common),
                                  .resume = flags.resume,
                                  .replace = flags.common.force};
  if (!flags.common.json_path.empty() && !flags.resume) {
    refuse_existing(flags.common.json_path, flags.common);
  }
  train::check(request.options);
  if (flags.resume) {
    require_same_config(folder, request.options);
  } else {
    train::require_room_for_run(folder, flags.common.force);
  }
  return request;
}

void run(const TrainGeneratorFlags& flags) {
  const train::GeneratorRequest request = prepare(flags);
  const std::int64_t start = flags.resume ? train::latest_step(request.run_folder) : 0;
  Progress progress({.label = "train",
                     .total = request.options.run.steps,
                     .start = start,
                     .quiet = flags.common.quiet,
                     .terminal = is_terminal(2)},
                    std::cerr);
  const train::GeneratorResult result = train::train_generator(
      request, std::make_unique<train::ConsoleSink>(progress, console_columns()));
  progress.finish();
  if (result.skipped_batches > 0) {
    say(flags.common,
        fmt::format("{} batches were not finite and skipped", result.skipped_batches));
  }
  if (result.score) {
    say(flags.common, fmt::format("score on held-out clips: {:.4f} of 1", *result.score));
  }
  say(flags.common, fmt::format("model: {}", result.model.string()));
  say_peak_memory(flags.common);
  nlohmann::json json{{"model", result.model.string()},
                      {"steps", result.steps},
                      {"skipped_batches", result.skipped_batches},
                      {"peak_memory_bytes", tensor::peak_memory_bytes()}};
  if (result.score) json["score"] = *result.score;
  write_json(flags.common, json);
}

constexpr const char* kFooter =
    "Example:\n"
    "  kilonat train-generator micro --latents latents/tiny-2kbps --out runs/sounds\n"
    "  kilonat train-generator --resume --out runs/sounds\n";

}  // namespace

Command add_train_generator_command(CLI::App& app) {
  auto flags = std::make_shared<TrainGeneratorFlags>();
  CLI::App* sub = app.add_subcommand("train-generator", "Train a generator on latents");
  sub->add_option("config", flags->config, "A config file, or the name of one in conf/diffusion")
      ->type_name("CONF");
  sub->add_option("--latents", flags->latents, "What 'kilonat latents' wrote")->type_name("DIR");
  sub->add_option("--text-encoder", flags->t5_folder, "An official T5, used as it is")
      ->type_name("DIR");
  sub->add_option("--steps", flags->steps, "Length of the run")
      ->check(CLI::Range(std::int64_t{1}, kMostSteps));
  sub->add_option("--out", flags->run_folder, "Run folder; default runs/CONF-DIR")
      ->type_name("RUN");
  sub->add_flag("--resume", flags->resume, "Continue the run in --out from its last checkpoint");
  sub->add_option("--set", flags->overrides, "Change a config value: section.key=value")
      ->type_name("KEY=VALUE");
  sub->add_option("--seed", flags->seed, "Seed of everything random")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  add_run_flags(*sub, flags->common);
  add_json_flag(*sub, flags->common);
  add_force_flag(*sub, flags->common);
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
