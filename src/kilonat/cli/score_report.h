#pragma once
/// The table of `kilonat score` as text and as JSON.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kilonat/metrics/generation_scores.h"

namespace kilonat::cli {

/// A table: the first row is the generated set, the others are its anchors.
struct ScoreTable {
  std::vector<std::pair<std::string, metrics::SoundScores>> rows{};
  std::vector<std::string> classes;
  std::int64_t training_clips = 0;
  double near_db = 0;                     ///< GenerationScorer::near_db
  std::string classifier_accuracy{};      ///< on held-out clips, as its file says; may be empty
  metrics::BootstrapOptions bootstrap{};  ///< of every interval
};

/// What each figure is, by its key in the JSON: the choices that tables of others make differently.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> metric_choices(
    const ScoreTable& table);

[[nodiscard]] std::vector<std::string> score_lines(const ScoreTable& table);
[[nodiscard]] nlohmann::json score_json(const ScoreTable& table);

}  // namespace kilonat::cli
