#pragma once
/// A single run folder, seen as a study of one point.

#include <filesystem>

#include "kilonat/study/results.h"

namespace kilonat::study {

/// True if the folder holds a run: a config.toml and a metrics.jsonl.
[[nodiscard]] bool is_run_folder(const std::filesystem::path& folder);

/// Results of kind "run": the config, the training curves, the sounds of `audio/` (pairs of
/// NAME-original.wav and NAME-reconstruction.wav), and as rates and distances what the log last
/// said of the run's fixed clips (`valid/...`). What the log does not say is absent.
/// @throws IoError, FormatError for a log or a config that cannot be read.
[[nodiscard]] Results run_results(const std::filesystem::path& folder);

}  // namespace kilonat::study
