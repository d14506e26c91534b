#pragma once
/// The Shannon check: small target-KL VAEs on Gaussian sources, measured against the
/// rate-distortion function that no codec can beat.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <c10/core/Device.h>

#include "kilonat/study/gaussian_limit_options.h"
#include "kilonat/study/gaussian_limit_results.h"
#include "kilonat/train/codec_data.h"
#include "kilonat/train/run_log.h"

namespace kilonat::study {

struct GaussianLimitRequest {
  GaussianLimitOptions options;
  std::filesystem::path folder;  ///< gets runs/ID/ for each point, gaussian_limit.json and .csv
  c10::Device device{c10::kCPU};
  bool replace = false;                           ///< points that were trained with another config
  std::vector<std::string> commands{};            ///< for the results
  std::map<std::string, std::string> versions{};  ///< for the results
  /// What watches point number `index` of the plan; may be empty, and may return null.
  std::function<std::unique_ptr<train::RunSink>(std::size_t index, const LimitPlan& plan)> watch{};
};

/// Trains and measures every point, and writes the results after each.
///
/// Note [Resume]: a point is done once runs/ID/limit.json stands there with the hash of its config;
/// a run without it is continued from its last checkpoint.
///
/// The caller checks the results with require_possible: what is impossible is written down first.
/// @throws ConfigError if a point was trained with another config and `replace` is not set;
///         Interrupted after Ctrl-C, once a checkpoint is saved; as train_codec.
LimitResults run_gaussian_limit(const GaussianLimitRequest& request);

/// Codes whole clips and measures them where neither encoder nor decoder sees an end.
/// @throws ConfigError if clips are too short for that.
[[nodiscard]] std::vector<LimitClip> measure_limit_clips(codec::Autoencoder& model,
                                                         const train::ClipSet& clips,
                                                         std::uint64_t seed);

}  // namespace kilonat::study
