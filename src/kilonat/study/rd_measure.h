#pragma once
/// Measures the points of a rate-distortion study.

#include <cstddef>
#include <functional>

#include "kilonat/codec/model_file.h"
#include "kilonat/study/point_meter.h"
#include "kilonat/study/rd_plan.h"
#include "kilonat/study/results.h"
#include "kilonat/train/codec_data.h"

namespace kilonat::study {

/// What all points are measured on and with.
struct MeasuringSet {
  train::ClipSet training;  ///< linear priors are fitted on it
  train::ClipSet held_out;
  const metrics::Visqol* visqol = nullptr;  ///< null: no ViSQOL at all
  Listening listening;
  /// Called before each held-out clip with the clips done and their number; may be empty.
  std::function<void(std::size_t, std::size_t)> on_clip{};
};

/// The point before anything was measured: missing, without figures.
[[nodiscard]] Point point_of(const PlannedPoint& planned);

/// Rates, distances, latents, clips and sounds of a trained model, gaussian or rvq.
/// @throws DataError if no clip can be used; Interrupted.
[[nodiscard]] Point measure_model(codec::LoadedModel& loaded,
                                  const PlannedPoint& planned,
                                  const MeasuringSet& set);

/// The same of Opus, asked for planned.target_kbps.
[[nodiscard]] Point measure_opus(const PlannedPoint& planned,
                                 std::int64_t sample_rate_hz,
                                 const MeasuringSet& set);

}  // namespace kilonat::study
