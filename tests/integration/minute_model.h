#pragma once
/// A codec so small that a few training steps take a second.

#include <filesystem>
#include <string>
#include <vector>

#include "integration/program.h"

namespace kilonat::integration {

/// Writes its config, minute.toml, into `folder` and returns the path.
std::string write_minute_config(const std::filesystem::path& folder);

/// The words of "kilonat train" for it: config, sounds, run folder, quiet, one thread.
[[nodiscard]] std::vector<std::string> train_words(const std::string& config,
                                                   const std::string& sounds,
                                                   const std::string& run,
                                                   const std::vector<std::string>& more = {});

/// Trains it for a few steps on plucks below `scratch`: "sounds/", "minute.toml", "run/".
/// @throws std::runtime_error with the program's error output if that fails.
void train_minute_model(const Scratch& scratch);

/// Lines of RUN/metrics.jsonl without the time of day.
[[nodiscard]] std::vector<std::string> metrics_of(const std::filesystem::path& run);

}  // namespace kilonat::integration
