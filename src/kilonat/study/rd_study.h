#pragma once
/// A rate-distortion study as a folder: what is there is used again, what is missing is made.
///
///   DIR/study.toml                the study's config, resolved
///   DIR/runs/UNIT-HASH/           run folders; HASH is of the resolved training config
///   DIR/points/POINT.json         one measured point, with the hash of all that it depends on
///   DIR/audio/originals|POINT/    sounds for listening
///   DIR/results.json, results.csv the table of all points of the plan, missing ones included

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "kilonat/study/rd_measure.h"
#include "kilonat/study/rd_plan.h"
#include "kilonat/study/results.h"
#include "kilonat/train/run_log.h"

namespace kilonat::study {

/// Told which point is being measured, and how many of its clips are done of how many.
using OnMeasure = std::function<void(const std::string& point, std::size_t, std::size_t)>;

struct RdRequest {
  RdOptions options;
  train::CodecTrainOptions base;  ///< the codec's config: sources, precision and overrides applied
  std::filesystem::path folder;
  torch::Device device{torch::kCPU};
};

class RdStudy {
 public:
  /// Plans. @throws ConfigError for points that cannot be trained; DataError or IoError if the
  /// sounds or ViSQOL's model cannot be opened.
  explicit RdStudy(RdRequest request);

  [[nodiscard]] const std::vector<PlannedUnit>& units() const { return units_; }
  /// True if every point of the unit is measured under the present config.
  [[nodiscard]] bool is_done(const PlannedUnit& unit) const;
  /// Training steps that the unit still needs.
  [[nodiscard]] std::int64_t steps_left(const PlannedUnit& unit) const;
  /// The same while another process runs it: less the steps that its log tells of.
  [[nodiscard]] std::int64_t steps_to_log(const PlannedUnit& unit) const;

  /// Trains (from where an earlier run stopped) and measures a unit's points.
  /// @param console     a sink for the training figures; may be null.
  /// @param on_measure  called before each clip that is measured; may be empty.
  /// @throws what training and measuring throw; what was finished stays.
  void run(const PlannedUnit& unit,
           std::unique_ptr<train::RunSink> console,
           const OnMeasure& on_measure = {});

  /// Writes results.json and results.csv from the points that are there. @throws IoError.
  Results collect(const std::vector<std::string>& commands,
                  const std::map<std::string, std::string>& versions) const;

 private:
  [[nodiscard]] std::filesystem::path run_folder(const PlannedUnit& unit) const;
  [[nodiscard]] std::filesystem::path point_path(const PlannedPoint& point) const;
  [[nodiscard]] std::string hash_of(const PlannedUnit& unit, const PlannedPoint& point) const;
  /// The point as it was saved, measured or failed; empty if it is not there or of another config.
  [[nodiscard]] std::optional<Point> saved(const PlannedUnit& unit,
                                           const PlannedPoint& point) const;
  [[nodiscard]] bool is_measured(const PlannedUnit& unit, const PlannedPoint& point) const;
  void note_failure(const PlannedUnit& unit, const std::string& why) const;
  void train(const PlannedUnit& unit, std::unique_ptr<train::RunSink> console) const;
  void measure(const PlannedUnit& unit, const OnMeasure& on_measure);
  void save(const PlannedUnit& unit, const PlannedPoint& planned, Point point) const;
  /// The set, whose clips are reported as the point's.
  const MeasuringSet& measuring_set(const PlannedPoint& point, const OnMeasure& on_measure);
  void open_measuring_set();
  void write_originals(const train::ClipSet& clips) const;
  void describe_data(Results& results) const;

  RdRequest request_;
  std::vector<PlannedUnit> units_;
  std::unique_ptr<metrics::Visqol> visqol_;
  std::optional<MeasuringSet> set_;
};

}  // namespace kilonat::study
