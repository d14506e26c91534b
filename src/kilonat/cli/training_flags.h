#pragma once
/// What the commands share that train a run folder: their flags, and how a run is started or
/// resumed.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kilonat/cli/common.h"
#include "kilonat/train/run_folder.h"
#include "kilonat/train/run_log.h"

namespace kilonat::cli {

struct TrainingFlags {
  CommonFlags common;
  std::string config;
  std::string run_folder;
  std::optional<std::int64_t> steps;
  std::optional<std::int64_t> seed;
  std::vector<std::string> overrides;
  bool resume = false;
};

/// CONF, --steps, --out, --resume, --set, --seed and the common ones.
/// @param configs  the folder of conf/ that names are looked up in. @param default_run  for --help.
void add_training_flags(CLI::App& app,
                        TrainingFlags& flags,
                        const std::string& configs,
                        const std::string& default_run);

/// The run's folder, and its config if a resumed run names none.
/// @param command  for messages. @throws ConfigError if there is neither a config nor a run to
///                 resume.
[[nodiscard]] train::RunFolder run_folder_of(const TrainingFlags& flags,
                                             const std::filesystem::path& default_run,
                                             const std::string& command);

/// Before anything is written: a new run may take its folder, a resumed one has the config that it
/// was started with.
/// @param config  TOML, resolved. @param may_differ  keys that a resumed run may change.
/// @throws ConfigError.
void require_startable(const TrainingFlags& flags,
                       const train::RunFolder& folder,
                       const std::string& config,
                       std::initializer_list<const char*> may_differ);

/// Runs `train` with a progress line fed by its figures.
/// @param steps  of the whole run. @throws what it throws.
void train_with_progress(const TrainingFlags& flags,
                         const std::filesystem::path& run_folder,
                         std::int64_t steps,
                         std::vector<train::ConsoleColumn> columns,
                         const std::function<void(std::unique_ptr<train::RunSink>)>& train);

/// Says what a run came to, and writes --json. @param lines  said before the model's path.
/// @param more  further figures for the JSON.
void report_training(const TrainingFlags& flags,
                     const std::filesystem::path& model,
                     std::int64_t steps,
                     std::int64_t skipped_batches,
                     const std::vector<std::string>& lines,
                     const nlohmann::json& more);

}  // namespace kilonat::cli
