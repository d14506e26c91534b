#pragma once
/// Checkpoints: everything a run needs to go on as if it had never stopped.
///
/// RUN/checkpoints/step-N/ holds one .safetensors per group of tensors and state.json. The folder
/// is filled under a temporary name, fsynced and renamed: one that is there is complete.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kilonat/train/named_tensors.h"

namespace kilonat::train {

struct Checkpoint {
  std::int64_t step = 0;                       ///< steps done
  std::map<std::string, NamedTensors> groups;  ///< "model", "ema", "optimiser", ...; none empty
  nlohmann::json state;                        ///< everything that is not a tensor
};

/// Where the checkpoint after `step` steps lies.
[[nodiscard]] std::filesystem::path checkpoint_folder(const std::filesystem::path& run_folder,
                                                      std::int64_t step);

/// Writes the folder, replacing one of the same step. @throws IoError; then nothing is left over.
void save_checkpoint(const std::filesystem::path& run_folder, const Checkpoint& checkpoint);

/// Steps of the checkpoints in a run folder, ascending; empty if there are none.
[[nodiscard]] std::vector<std::int64_t> checkpoint_steps(const std::filesystem::path& run_folder);

/// @throws FormatError if a file is missing, truncated or not of this format; IoError if
/// unreadable.
[[nodiscard]] Checkpoint load_checkpoint(const std::filesystem::path& run_folder,
                                         std::int64_t step);

/// Removes all but the latest `keep` checkpoints. REQUIRES: keep >= 1.
void prune_checkpoints(const std::filesystem::path& run_folder, std::int64_t keep);

/// The group of that name. @throws FormatError if the checkpoint has none.
[[nodiscard]] const NamedTensors& group_of(const Checkpoint& checkpoint, const std::string& name);

/// Step of the run's last checkpoint, to resume from. @throws FormatError, naming the folder, if
/// there is none.
[[nodiscard]] std::int64_t latest_step(const std::filesystem::path& run_folder);

}  // namespace kilonat::train
