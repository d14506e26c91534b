#pragma once
/// The points of a rate-distortion study, and the runs that they need.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kilonat/study/rd_options.h"
#include "kilonat/train/codec_options.h"

namespace kilonat::study {

/// One setting under one seed.
struct PlannedPoint {
  std::string id;  ///< "gaussian-2-seed0", "rvq-4-seed0", "opus-12"
  std::string family;
  std::string label;
  std::uint64_t seed = 0;
  std::optional<double> target_kbps;
  std::int64_t num_codebooks = 0;  ///< rvq
};

/// What is done in one go: a training run with the points measured on its model, or a codec that
/// needs no training. RVQ's points share one run.
struct PlannedUnit {
  std::string id;  ///< the run's name: "gaussian-2-seed0", "rvq-seed0", "opus"
  std::optional<train::CodecTrainOptions> training;
  std::vector<PlannedPoint> points;
};

/// Every family has the base's encoder, decoder, data, steps and losses; what differs is the
/// bottleneck and what holds it.
/// @param base  the codec's config, sources included. @throws ConfigError if a unit cannot be
///              trained (an impossible rate), naming it.
[[nodiscard]] std::vector<PlannedUnit> plan_rd(const RdOptions& options,
                                               const train::CodecTrainOptions& base);

/// The units that have a point with a chosen id, or whose family or own id is chosen; empty
/// `chosen`: all. @throws ConfigError for a name that fits nothing, with those there are.
[[nodiscard]] std::vector<PlannedUnit> chosen_units(const std::vector<PlannedUnit>& units,
                                                    const std::vector<std::string>& chosen);

}  // namespace kilonat::study
