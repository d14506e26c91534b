#include "kilonat/cli/training_flags.h"

#include <iostream>
#include <limits>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/progress.h"
#include "kilonat/tensor/memory.h"
#include "kilonat/train/checkpoint.h"

namespace kilonat::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostSteps = 1'000'000'000'000;

}  // namespace

void add_training_flags(CLI::App& app,
                        TrainingFlags& flags,
                        const std::string& configs,
                        const std::string& default_run) {
  app.add_option("config", flags.config, "A config file, or the name of one in conf/" + configs)
      ->type_name("CONF");
  app.add_option("--steps", flags.steps, "Length of the run")
      ->check(CLI::Range(std::int64_t{1}, kMostSteps));
  app.add_option("--out", flags.run_folder, "Run folder; default " + default_run)->type_name("RUN");
  app.add_flag("--resume", flags.resume, "Continue the run in --out from its last checkpoint");
  app.add_option("--set", flags.overrides, "Change a config value: section.key=value")
      ->type_name("KEY=VALUE");
  app.add_option("--seed", flags.seed, "Seed of everything random")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  add_run_flags(app, flags.common);
  add_json_flag(app, flags.common);
  add_force_flag(app, flags.common);
}

train::RunFolder run_folder_of(const TrainingFlags& flags,
                               const fs::path& default_run,
                               const std::string& command) {
  KILONAT_REQUIRE(!flags.config.empty() || (flags.resume && !flags.run_folder.empty()),
                  ConfigError,
                  "{}: no config; expected CONF (or --resume with --out RUN)",
                  command);
  const train::RunFolder folder{flags.run_folder.empty() ? default_run
                                                         : fs::path(flags.run_folder)};
  KILONAT_REQUIRE(!flags.resume || folder.holds_run(),
                  ConfigError,
                  "resuming '{}': no run is there; start without --resume",
                  folder.path.string());
  return folder;
}

void require_startable(const TrainingFlags& flags,
                       const train::RunFolder& folder,
                       const std::string& config,
                       std::initializer_list<const char*> may_differ) {
  if (!flags.resume) {
    if (!flags.common.json_path.empty()) refuse_existing(flags.common.json_path, flags.common);
    return train::require_room_for_run(folder, flags.common.force);
  }
  const std::string difference =
      train::config_difference(read_text(folder.config()), config, may_differ);
  KILONAT_REQUIRE(difference.empty(),
                  ConfigError,
                  "resuming '{}': the config differs from the run's: {}",
                  folder.path.string(),
                  difference);
}

void train_with_progress(const TrainingFlags& flags,
                         const fs::path& run_folder,
                         std::int64_t steps,
                         std::vector<train::ConsoleColumn> columns,
                         const std::function<void(std::unique_ptr<train::RunSink>)>& train) {
  Progress progress({.label = "train",
                     .total = steps,
                     .start = flags.resume ? train::latest_step(run_folder) : 0,
                     .quiet = flags.common.quiet,
                     .terminal = is_terminal(2)},
                    std::cerr);
  train(std::make_unique<train::ConsoleSink>(progress, std::move(columns)));
  progress.finish();
}

void report_training(const TrainingFlags& flags,
                     const fs::path& model,
                     std::int64_t steps,
                     std::int64_t skipped_batches,
                     const std::vector<std::string>& lines,
                     const nlohmann::json& more) {
  if (skipped_batches > 0) {
    say(flags.common, fmt::format("{} batches were not finite and skipped", skipped_batches));
  }
  for (const std::string& line : lines) say(flags.common, line);
  say(flags.common, fmt::format("model: {}", model.string()));
  say_peak_memory(flags.common);
  nlohmann::json json{{"model", model.string()},
                      {"steps", steps},
                      {"skipped_batches", skipped_batches},
                      {"peak_memory_bytes", tensor::peak_memory_bytes()}};
  json.update(more);
  write_json(flags.common, json);
}

}  // namespace kilonat::cli
