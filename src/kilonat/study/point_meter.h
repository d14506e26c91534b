#pragma once
/// The distances of one point over the study's clips, whatever coded them.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include <torch/types.h>

#include "kilonat/metrics/distances.h"
#include "kilonat/metrics/visqol/visqol.h"
#include "kilonat/study/results.h"
#include "kilonat/train/codec_data.h"
#include "kilonat/train/visqol_eval.h"

namespace kilonat::study {

/// Where a study keeps its sounds: which clips, under which folder.
struct Listening {
  std::filesystem::path study_folder;
  std::set<std::size_t> clips;  ///< indices into the study's clips
};

/// So many of `num_clips` clips, spread evenly over them.
[[nodiscard]] std::set<std::size_t> spread_clips(std::size_t num_clips, std::int64_t count);

/// "audio/originals/003-bark.wav", relative to the study's folder.
[[nodiscard]] std::filesystem::path sound_path(const std::string& of,
                                               std::size_t index,
                                               const std::string& clip_id);

/// Accumulates clips in order.
class PointMeter {
 public:
  /// @param visqol  may be null: no ViSQOL. It and `listening` must outlive the meter.
  PointMeter(std::int64_t sample_rate_hz,
             const metrics::Visqol* visqol,
             const Listening& listening,
             std::string point_id);

  /// @param rate_kbps  what this clip cost; unknown yet: empty.
  void add(std::size_t index,
           const train::Clip& clip,
           const torch::Tensor& reconstruction_CT,
           std::optional<double> rate_kbps);

  /// Fills the point's distances, clips and sounds. @throws DataError if no clip was added.
  void finish(Point& point) const;

 private:
  std::int64_t sample_rate_hz_;
  const metrics::Visqol* visqol_;
  const Listening& listening_;
  std::string point_id_;
  metrics::DistanceMeter meter_;
  metrics::DistanceMean distances_;
  train::VisqolMean visqol_mean_;
  std::vector<ClipResult> clips_;
  std::vector<Sound> sounds_;
};

}  // namespace kilonat::study
