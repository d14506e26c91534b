#pragma once
/// Trains a generator: latents in, a run folder out.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include <torch/types.h>

#include "kilonat/train/generator_options.h"
#include "kilonat/train/run_log.h"

namespace kilonat::train {

struct GeneratorRequest {
  GeneratorTrainOptions options;
  std::filesystem::path run_folder;
  torch::Device device{torch::kCPU};
  bool resume = false;   ///< continue from the folder's last checkpoint
  bool replace = false;  ///< a run that lies in the folder, unless resuming
};

struct GeneratorResult {
  std::int64_t steps = 0;            ///< done, those before a resume included
  std::int64_t skipped_batches = 0;  ///< that were not finite
  std::filesystem::path model;       ///< RUN/model.safetensors: all that `kilonat generate` needs
  std::optional<double> score{};     ///< of the averaged weights on held-out clips; empty: none
};

/// Runs to options.run.steps as train_codec does: what its header says of the folder, of resuming
/// and of interrupts holds here too (codec_trainer.h, Note [Resume]).
///
/// @throws Interrupted after Ctrl-C, once a checkpoint is saved; NumericError if too many batches
///         are not finite; ConfigError, DataError, FormatError, IoError as their causes.
GeneratorResult train_generator(const GeneratorRequest& request, std::unique_ptr<RunSink> console);

}  // namespace kilonat::train
