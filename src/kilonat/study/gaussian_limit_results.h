#pragma once
/// The results of the study of the Gaussian limit: gaussian_limit.json and gaussian_limit.csv in
/// its folder. Pure data, no torch.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kilonat/study/gaussian_limit_gap.h"

namespace kilonat::study {

inline constexpr const char* kLimitFormat = "kilonat-gaussian-limit";
inline constexpr std::int64_t kLimitVersion = 1;

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
  std::string name;
  std::string created;  ///< ISO 8601
  std::vector<std::string> commands{};
  std::map<std::string, std::string> versions{};
  std::vector<LimitCurve> curves{};
  std::vector<LimitPoint> points{};
  std::vector<std::string> missing{};  ///< ids of the plan that are not measured yet
};

/// @param max_bits  where the curve ends.
[[nodiscard]] LimitCurve sample_curve(const std::string& source,
                                      const rate::WaterFilling& limit,
                                      double max_bits);

[[nodiscard]] nlohmann::ordered_json json_of(const LimitPoint& point);
/// @throws FormatError that names the key.
[[nodiscard]] LimitPoint limit_point_from_json(const nlohmann::ordered_json& json);

/// As gaussian_limit.json holds it. Each point also says whether it is `possible` (is_possible).
[[nodiscard]] nlohmann::ordered_json json_of(const LimitResults& results);
/// @param json  as json_of makes it; unknown keys are passed over, `possible` is derived anew.
/// @throws FormatError that names the key. Also for another format or version, an id used twice, a
///         point of a source without a curve, a curve of unequal lengths or not above 0.
[[nodiscard]] LimitResults limit_results_from_json(const nlohmann::ordered_json& json);
/// A row of names, then one a point; RFC 4180.
[[nodiscard]] std::string limit_csv(const LimitResults& results);

/// FOLDER/gaussian_limit.json.
[[nodiscard]] std::filesystem::path limit_results_path(const std::filesystem::path& folder);

/// @throws IoError; FormatError that names the file and says what to do.
[[nodiscard]] LimitResults load_limit_results(const std::filesystem::path& path);

/// Writes FOLDER/gaussian_limit.json and .csv, each complete or not at all. @throws IoError.
void save_limit_results(const std::filesystem::path& folder, const LimitResults& results);

}  // namespace kilonat::study
