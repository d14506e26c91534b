#pragma once
/// The results of a study: what `DIR/results.json` holds, in memory. Pure data, no torch.
///
/// A point is one trained model, or one setting of a baseline, measured on the study's clips. What
/// was not measured is absent, and is absent in the JSON, the CSV and the page too: nothing stands
/// in for it. Points of one family and one label are the same setting under different seeds; the
/// page draws their mean and standard deviation.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace kilonat::study {

inline constexpr const char* kResultsFormat = "kilonat-study";
inline constexpr std::int64_t kResultsVersion = 1;

/// Figures by name; a name that is not there was not measured.
using Figures = std::map<std::string, double>;

/// The names that Point::rates may have, all in kbit/s, in the order of the CSV.
///
/// `kl`: KL against N(0, 1). `informative`: against the best static Gaussian per channel.
/// `nominal`: codebooks x log2(size) x frame rate. `entropy`: of the codes under their own
/// frequencies. `actual`: bits of a file over its seconds. `predictive`: KL against a
/// linear-predictive Gaussian.
inline constexpr const char* kRateNames[] = {"kl_kbps",
                                             "informative_kbps",
                                             "nominal_kbps",
                                             "entropy_kbps",
                                             "actual_kbps",
                                             "predictive_kbps"};

/// One of the distances that the study measured.
struct Distance {
  std::string name;   ///< key in Point::distances: "mel_distance"
  std::string label;  ///< for people: "Mel distance"
  std::string unit;   ///< "dB"; empty: none
  bool lower_is_better = true;
};

enum class PointStatus { kDone, kMissing, kFailed };

/// A clip as one point coded it.
struct ClipResult {
  std::string file;
  double seconds = 0;
  std::optional<double> rate_kbps;
  std::optional<double> informative_kbps;  ///< of gaussian models
  Figures distances;
};

/// How much the rate differs from clip to clip: the standard deviation of their rates, each clip
/// counted by its seconds. Empty for fewer than two clips with a rate.
[[nodiscard]] std::optional<double> clip_rate_spread_kbps(const std::vector<ClipResult>& clips);

/// What the latents of a gaussian model are like.
struct LatentFigures {
  std::vector<double> nats_per_channel;  ///< [nats a frame]
  std::optional<std::int64_t> active_channels;
  std::optional<double> effective_rank;
  std::optional<double> lpc_gain_db;
  std::optional<double> spectral_decay;
  std::optional<double> shift_equivariance;
  /// KL rate of the frames that a linear prior has context for: what the predictive rate, which is
  /// of these frames alone, is to be compared with.
  std::optional<double> context_kl_kbps;
};

/// What training logged: one value (or none) of each metric for each entry of `step`.
struct Curve {
  std::vector<std::int64_t> step;
  std::map<std::string, std::vector<std::optional<double>>> metrics;
};

/// A sound that a point made of a clip. `file` is relative to the folder of results.json.
struct Sound {
  std::string clip;
  std::string file;
};

/// A clip before coding.
struct Original {
  std::string clip;
  std::string file;
  std::string caption;
};

struct Point {
  std::string id;      ///< unique: "gaussian-2-seed0"
  std::string family;  ///< gaussian, rvq, fixed_beta, opus
  std::string label;   ///< the setting without its seed: "2 kbit/s"
  PointStatus status = PointStatus::kMissing;
  std::string why;  ///< for a point that is missing or failed
  std::uint64_t seed = 0;
  std::int64_t steps = 0;  ///< of training; 0 for what is not trained
  std::string config_hash;
  std::string config;  ///< TOML
  std::optional<double> target_kbps;
  Figures rates;      ///< names of kRateNames, those that apply
  Figures distances;  ///< names of Results::distances
  std::optional<LatentFigures> latent;
  std::vector<ClipResult> clips;
  Curve curve;
  std::vector<Sound> audio;
};

struct DataDescription {
  std::string description;
  std::optional<std::int64_t> clips;
  std::optional<double> seconds;
};

struct Results {
  std::string kind = "rd";  ///< "rd": a rate-distortion study; "run": one run folder
  std::string name;
  std::string created;  ///< ISO 8601
  std::vector<std::string> commands;
  std::map<std::string, std::string> versions;
  DataDescription data;
  std::vector<Distance> distances;
  std::vector<Point> points;
  std::vector<Original> originals;
};

/// The five distances of a rate-distortion study, with their labels; the last is ViSQOL's score
/// or, without its model, its similarity NSIM.
[[nodiscard]] std::vector<Distance> standard_distances(bool has_visqol_model);

[[nodiscard]] const char* status_name(PointStatus status);

/// As results.json holds it. Figures that are not finite become absent.
[[nodiscard]] nlohmann::ordered_json to_json(const Results& results);

/// @param json  as to_json makes it; unknown keys are passed over.
/// @throws FormatError that names the key: "points[3].rates.kl_kbps: a number was expected,
///         found a string". Also for another format or version, an id used twice, an unknown rate,
///         curves of unequal lengths.
[[nodiscard]] Results results_from_json(const nlohmann::ordered_json& json);

/// @throws IoError; FormatError that names the file and says what to do.
[[nodiscard]] Results load_results(const std::filesystem::path& path);

/// Appears complete or not at all. @throws IoError.
void save_results(const std::filesystem::path& path, const Results& results);

}  // namespace kilonat::study
