/// kilonat train: a codec at the bitrate asked for.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "kilonat/base/errors.h"
#include "kilonat/cli/commands.h"
#include "kilonat/cli/config_files.h"
#include "kilonat/cli/training_flags.h"
#include "kilonat/config/schema.h"
#include "kilonat/train/codec_trainer.h"

namespace kilonat::cli {
namespace {

namespace fs = std::filesystem;

struct TrainFlags : TrainingFlags {
  std::vector<std::string> sources;
  std::optional<double> rate_kbps;
  std::string init_model;
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

/// A resumed run keeps its config, but for its length and its reports.
train::TrainRequest prepare(const TrainFlags& flags) {
  const train::RunFolder folder = run_folder_of(flags, default_run_folder(flags), "train");
  train::TrainRequest request{.options = resolve_options(flags, folder),
                              .run_folder = folder.path,
                              .device = set_up_device(flags.common),
                              .resume = flags.resume,
                              .replace = flags.common.force,
                              .init_model = flags.init_model};
  // The one that is used is written down, so that a resumed run keeps it on another machine.
  request.options.run.precision = kernels::precision_name(
      set_up_precision(flags.common, request.device, request.options.run.precision));
  train::check(request.options);
  require_startable(flags,
                    folder,
                    config::to_toml(request.options),
                    {"run.steps",
                     "run.checkpoint_every",
                     "run.keep_checkpoints",
                     "run.log_every",
                     "run.sample_every",
                     "run.max_bad_batches"});
  return request;
}

void run(const TrainFlags& flags) {
  const train::TrainRequest request = prepare(flags);
  train::TrainResult result;
  train_with_progress(
      flags, request.run_folder, request.options.run.steps, console_columns(), [&](auto sink) {
        result = train::train_codec(request, std::move(sink));
      });
  std::vector<std::string> lines;
  nlohmann::json json = nlohmann::json::object();
  if (result.rate) {
    const bool is_reached = result.rate->verdict == rate::RateVerdict::kReached;
    // A rate that was missed is heard of with --quiet, too.
    if (is_reached) {
      lines.push_back(result.rate->text);
    } else {
      spdlog::warn("{}", result.rate->text);
    }
    json = {{"rate", result.rate->text},
            {"rate_reached", is_reached},
            {"excerpt_kbps", result.excerpt_kbps}};
  }
  report_training(flags, result.model, result.steps, result.skipped_batches, lines, json);
}

constexpr const char* kFooter =
    "Example:\n"
    "  kilonat train tiny16 --data sounds/ --rate 2 --out runs/tiny-2kbps\n"
    "  kilonat train --resume --out runs/tiny-2kbps\n";

}  // namespace

Command add_train_command(CLI::App& app) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* sub = app.add_subcommand("train", "Train a codec at the bitrate asked for");
  add_training_flags(*sub, *flags, "codec", "runs/CONF-KBPSkbps");
  sub->add_option(
         "--data", flags->sources, "Sounds: files, folders, manifests, shards, procedural:NAME")
      ->type_name("SOURCE");
  sub->add_option("--rate", flags->rate_kbps, "Target rate, kbit/s")->type_name("KBPS");
  sub->add_option("--init", flags->init_model, "Start from this model's weights")
      ->type_name("MODEL");
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
