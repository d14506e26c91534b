#pragma once
/// Trains a codec: data in, a run folder out.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <torch/types.h>

#include "kilonat/rate/rate_law.h"
#include "kilonat/train/codec_options.h"
#include "kilonat/train/run_log.h"

namespace kilonat::train {

struct TrainRequest {
  CodecTrainOptions options;
  std::filesystem::path run_folder;
  torch::Device device{torch::kCPU};
  bool resume = false;                 ///< continue from the folder's last checkpoint
  bool replace = false;                ///< a run that lies in the folder, unless resuming
  std::filesystem::path init_model{};  ///< start from these weights; empty: from random ones
};

struct TrainResult {
  std::int64_t steps = 0;                  ///< done, those before a resume included
  std::int64_t skipped_batches = 0;        ///< that were not finite
  std::filesystem::path model;             ///< RUN/model.safetensors
  std::optional<rate::RateReport> rate{};  ///< gaussian bottleneck only
  double excerpt_kbps = 0;                 ///< likewise: the rate that `rate` judges
};

/// Runs to options.run.steps, with checkpoints on the way. The run folder is made once everything
/// that can be checked beforehand has been: a bad config or no sounds leave nothing behind.
///
/// Note [Resume]: a batch, its noise and its augmentation depend on (seed, step) only, and a
/// checkpoint holds all other state in full precision. So on the CPU, with the same number of
/// threads, an interrupted and resumed run ends with the same bytes as one left alone.
///
/// @param console  a further sink for the figures; may be null.
/// @throws Interrupted after Ctrl-C, once a checkpoint is saved; NumericError if too many batches
///         are not finite (the last checkpoint is kept); ConfigError, DataError, FormatError,
///         IoError as their causes.
TrainResult train_codec(const TrainRequest& request, std::unique_ptr<RunSink> console);

}  // namespace kilonat::train
