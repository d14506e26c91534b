/// kilonat train: a codec at the bitrate asked for.

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
#include "kilonat/train/run_folder.h"

namespace kilonat::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostSteps = 1'000'000'000'000;

struct TrainFlags {
  CommonFlags common;
  std::string config;
  std::vector<std::string> sources;
  std::optional<double> rate_kbps;
  std::optional<std::int64_t> steps;
  std::optional<std::int64_t> seed;
  std::string run_folder;
  std::string init_model;
  std::vector<std::string> overrides;
  bool resume = false;
};

/// The config file (or, resuming, the run's own), then --set, then the flags of their own.
train::CodecTrainOptions resolve_options(const TrainFlags& flags, const train::RunFolder& folder) {
  train::CodecTrainOptions options;
  const fs::path path = flags.config.empty() ? folder.config() : find_config(flags.config);
  config::load(path, flags.overrides, options);
  if (!flags.sources.empty()) options.data.sources = flags.sources;
  if (flags.rate_kbps) options.rate.law.target_kbps = *flags.rate_kbps;
  if (flags.steps) options.run.steps = *flags.steps;
  if (flags.seed) options.run.seed = *flags.seed;
  KILONAT_REQUIRE(!options.data.sources.empty(),
                  ConfigError,
                  "train: no sounds; give --data SOURCE (a file, a folder, a .csv or .jsonl, "
                  ".tar shards, or procedural:all)");
  return options;
}

/// A resumed run keeps its config, but for its length and its reports.
void require_same_config(const train::RunFolder& folder, const train::CodecTrainOptions& options) {
  const std::string difference = train::config_difference(read_text(folder.config()),
                                                          config::to_toml(options),
                                                          {"run.steps",
                                                           "run.checkpoint_every",
                                                           "run.keep_checkpoints",
                                                           "run.log_every",
                                                           "run.sample_every",
                                                           "run.max_bad_batches"});
  KILONAT_REQUIRE(difference.empty(),
                  ConfigError,
                  "resuming '{}': the config differs from the run's: {}",
                  folder.path.string(),
                  difference);
}

fs::path default_run_folder(const TrainFlags& flags) {
  const std::string stem = fs::path(flags.config).stem().string();
  return fs::path("runs") /
         (flags.rate_kbps ? fmt::format("{}-{:g}kbps", stem, *flags.rate_kbps) : stem);
}

std::vector<train::ConsoleColumn> console_columns() {
  return {{.key = "rec/mel", .label = "mel"},
          {.key = "rate/kbps", .label = "rate", .unit = "kbit/s", .target_key = "rate/target_kbps"},
          {.key = "rate/beta", .label = "beta", .significant = 3}};
}

nlohmann::json json_of(const train::TrainResult& result) {
  nlohmann::json json{{"model", result.model.string()},
                      {"steps", result.steps},
                      {"skipped_batches", result.skipped_batches},
                      {"peak_memory_bytes", tensor::peak_memory_bytes()}};
  if (result.rate) {
    json["rate"] = result.rate->text;
    json["excerpt_kbps"] = result.excerpt_kbps;
  }
  return json;
}

train::TrainRequest prepare(const TrainFlags& flags) {
  KILONAT_REQUIRE(!flags.config.empty() || (flags.resume && !flags.run_folder.empty()),
                  ConfigError,
                  "train: no config; expected CONF (or --resume with --out RUN)");
  const train::RunFolder folder{flags.run_folder.empty() ? default_run_folder(flags)
                                                         : fs::path(flags.run_folder)};
  KILONAT_REQUIRE(!flags.resume || folder.holds_run(),
                  ConfigError,
                  "resuming '{}': no run is there; start without --resume",
                  folder.path.string());
  train::TrainRequest request{.options = resolve_options(flags, folder),
                              .run_folder = folder.path,
                              .device = set_up_device(flags.common),
                              .resume = flags.resume,
                              .replace = flags.common.force,
                              .init_model = flags.init_model};
  if (!flags.common.json_path.empty() && !flags.resume) {
    refuse_existing(flags.common.json_path, flags.common);
  }
  // The one that is used is written down, so that a resumed run keeps it on another machine.
  request.options.run.precision = kernels::precision_name(
      set_up_precision(flags.common, request.device, request.options.run.precision));
  train::check(request.options);
  if (flags.resume) {
    require_same_config(folder, request.options);
  } else {
    train::require_room_for_run(folder, flags.common.force);
  }
  return request;
}

void run(const TrainFlags& flags) {
  const train::TrainRequest request = prepare(flags);
  const std::int64_t start = flags.resume ? train::latest_step(request.run_folder) : 0;
  Progress progress({.label = "train",
                     .total = request.options.run.steps,
                     .start = start,
                     .quiet = flags.common.quiet,
                     .terminal = is_terminal(2)},
                    std::cerr);
  const train::TrainResult result = train::train_codec(
      request, std::make_unique<train::ConsoleSink>(progress, console_columns()));
  progress.finish();
  if (result.skipped_batches > 0) {
    say(flags.common,
        fmt::format("{} batches were not finite and skipped", result.skipped_batches));
  }
  if (result.rate) say(flags.common, result.rate->text);
  say(flags.common, fmt::format("model: {}", result.model.string()));
  say_peak_memory(flags.common);
  write_json(flags.common, json_of(result));
}

constexpr const char* kFooter =
    "Example:\n"
    "  kilonat train tiny16 --data sounds/ --rate 2 --out runs/tiny-2kbps\n"
    "  kilonat train --resume --out runs/tiny-2kbps\n";

}  // namespace

Command add_train_command(CLI::App& app) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* sub = app.add_subcommand("train", "Train a codec at the bitrate asked for");
  sub->add_option("config", flags->config, "A config file, or the name of one in conf/codec")
      ->type_name("CONF");
  sub->add_option(
         "--data", flags->sources, "Sounds: files, folders, manifests, shards, procedural:NAME")
      ->type_name("SOURCE");
  sub->add_option("--rate", flags->rate_kbps, "Target rate, kbit/s")->type_name("KBPS");
  sub->add_option("--steps", flags->steps, "Length of the run")
      ->check(CLI::Range(std::int64_t{1}, kMostSteps));
  sub->add_option("--out", flags->run_folder, "Run folder; default runs/CONF-KBPSkbps")
      ->type_name("RUN");
  sub->add_flag("--resume", flags->resume, "Continue the run in --out from its last checkpoint");
  sub->add_option("--init", flags->init_model, "Start from this model's weights")
      ->type_name("MODEL");
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
