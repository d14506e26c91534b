#pragma once
/// The results of a generation study: what `DIR/generation.json` holds, in memory. Pure data, no
/// torch.
///
/// A point is one generator, trained on the latents of one codec of a rate-distortion study. What
/// was not measured is absent here, in the JSON and on the page: nothing stands in for it.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kilonat/study/best_rate.h"
#include "kilonat/study/results.h"

namespace kilonat::study {

inline constexpr const char* kGenerationFormat = "kilonat-generation";
inline constexpr std::int64_t kGenerationVersion = 1;

/// The names that GenerationPoint::rates may have, all in kbit/s: those of kRateNames that the
/// codec's point has, and `diffusion_kbps`: an estimate of an upper bound on what held-out latents
/// cost with the generator and their captions as the prior (diffusion/denoising_gain.h).
inline constexpr const char* kGenerationRateNames[] = {
    "kl_kbps", "informative_kbps", "predictive_kbps", "diffusion_kbps"};

/// A figure with its bootstrap interval, as far as it has one.
struct Estimate {
  double value = 0;
  std::optional<double> low;
  std::optional<double> high;
};

/// Estimates by the metric's id; an id that is not there was not measured.
using Estimates = std::map<std::string, Estimate>;

/// One of the metrics that the study measured.
struct GenerationMetric {
  std::string id;     ///< key in all Estimates: "kad"
  std::string label;  ///< for people: "KAD (in-domain, classifier embedding)"
  bool lower_is_better = true;
  std::string note;  ///< what one must know to read it
};

/// What the metrics say of sounds that no generator made: real clips, silence, noise.
struct Anchor {
  std::string id;     ///< "real"
  std::string label;  ///< "held-out clips against training clips"
  Estimates metrics;
};

/// The metrics at one weight of classifier-free guidance.
struct GuidanceEntry {
  double guidance = 1;
  Estimates metrics;
};

/// A generated sound. `file` is relative to the folder of generation.json.
struct GeneratedSound {
  std::string prompt;
  std::string class_name;
  std::string file;
  std::optional<std::uint64_t> seed;
};

struct GenerationPoint {
  std::string id;           ///< unique: "gaussian-2-seed0.gen0"
  std::string codec_point;  ///< Point::id of the codec: "gaussian-2-seed0"
  std::optional<double> target_kbps;
  PointStatus status = PointStatus::kMissing;
  std::string why;                    ///< for a point that is missing or failed
  Figures rates;                      ///< names of kGenerationRateNames, those that are known
  std::uint64_t seed = 0;             ///< of the generator's training
  std::optional<std::int64_t> steps;  ///< of training
  std::optional<double> guidance;     ///< that `metrics` were measured at
  std::string sampler;
  std::optional<std::int64_t> sampler_steps;
  Estimates metrics;         ///< of the generated sounds
  Estimates reconstruction;  ///< of real clips through this codec: what the codec alone costs
  std::vector<GuidanceEntry> guidance_curve;
  /// Normalised flow-matching score on held-out latents; 0: knows only the variance, 1: perfect.
  std::optional<double> eta;
  std::vector<std::string> classes;
  /// classes x classes; rows: prompted, columns: heard by the classifier. Empty: not measured.
  std::vector<std::vector<double>> confusion;
  Figures predictability;  ///< of the codec's latents: "predictive_kbps", "effective_rank", ...
  Curve curve;             ///< "loss", "eta"
  std::vector<GeneratedSound> audio;
};

/// Spearman's rank correlation of a predictability measure with a metric over the points.
struct Correlation {
  std::string measure;
  std::string metric;
  std::optional<double> spearman;  ///< -1 to 1
  std::optional<double> low;
  std::optional<double> high;
  std::optional<std::int64_t> points;
};

/// The rate that is the best by a metric, and the share of draws in which each is.
struct BestRate {
  std::string metric;
  double target_kbps = 0;
  std::vector<RateShare> share;
};

struct GeneratorDescription {
  std::string config;  ///< TOML
  /// Trained with the flow: transformer and learned words; the codec's and a T5's are not counted.
  /// Nothing if no generator was trained yet, or they differ.
  std::optional<std::int64_t> parameters;
};

struct GenerationResults {
  std::string name;
  std::string created;  ///< ISO 8601
  std::vector<std::string> commands;
  std::map<std::string, std::string> versions;
  DataDescription data;
  GeneratorDescription generator;
  std::vector<GenerationMetric> metrics;
  std::vector<Anchor> anchors;
  std::vector<GenerationPoint> points;
  std::vector<Correlation> correlations;
  std::optional<BestRate> best;
};

/// As generation.json holds it. Figures that are not finite become absent.
[[nodiscard]] nlohmann::ordered_json to_json(const GenerationResults& results);

/// @param json  as to_json makes it; unknown keys are passed over.
/// @throws FormatError that names the key: "points[3].metrics.kad.value: a number was expected,
///         found string". Also for another format or version, an id used twice, an unknown rate or
///         metric, an interval upside down, a share outside [0, 1], a confusion matrix that does
///         not fit its classes, curves of unequal lengths.
[[nodiscard]] GenerationResults generation_from_json(const nlohmann::ordered_json& json);

/// @throws IoError; FormatError that names the file and says what to do.
[[nodiscard]] GenerationResults load_generation(const std::filesystem::path& path);

/// Appears complete or not at all. @throws IoError.
void save_generation(const std::filesystem::path& path, const GenerationResults& results);

}  // namespace kilonat::study
