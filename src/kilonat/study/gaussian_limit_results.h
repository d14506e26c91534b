#pragma once
/// The results of the study of the Gaussian limit: results.json and results.csv in its folder.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kilonat/study/gaussian_limit_gap.h"

namespace kilonat::study {

inline constexpr const char* kLimitFormat = "kilonat-gaussian-limit";

/// A trained and measured point.
struct LimitPoint {
  std::string id;
  std::string source;
  double target_bits = 0;       ///< per sample
  double informative_bits = 0;  ///< per sample: KL against the best static Gaussian
  LimitGap gap{};
  std::int64_t clips = 0;  ///< held out, measured
  std::int64_t steps = 0;
  std::int64_t seed = 0;
  std::string config_hash{};
};

/// The rate-distortion function of a source, from nothing to beyond its highest point.
struct LimitCurve {
  std::string source;
  double variance = 0;
  std::vector<double> bits_per_sample{};
  std::vector<double> squared_error{};
};

struct LimitResults {
  std::vector<LimitCurve> curves{};
  std::vector<LimitPoint> points{};
};

/// @param max_bits  where the curve ends.
[[nodiscard]] LimitCurve sample_curve(const std::string& source,
                                      const rate::WaterFilling& limit,
                                      double max_bits);

[[nodiscard]] nlohmann::ordered_json json_of(const LimitPoint& point);
/// @throws FormatError that names the key.
[[nodiscard]] LimitPoint limit_point_from_json(const nlohmann::ordered_json& json);

/// As results.json: format, version, kilonat's version, curves, points.
[[nodiscard]] nlohmann::ordered_json json_of(const LimitResults& results);
/// A row of names, then one a point; RFC 4180.
[[nodiscard]] std::string limit_csv(const LimitResults& results);

/// Writes FOLDER/results.json and FOLDER/results.csv, each complete or not at all. @throws IoError.
void save_limit_results(const std::filesystem::path& folder, const LimitResults& results);

}  // namespace kilonat::study
