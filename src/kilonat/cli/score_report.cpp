#include "kilonat/cli/score_report.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/cli/confusion_table.h"

namespace kilonat::cli {
namespace {

using metrics::Estimate;
using metrics::SoundScores;
using nlohmann::json;

constexpr const char* kRowHead = "row";

std::string text_of(const Estimate& estimate, int decimals, double factor = 1) {
  return fmt::format("{:.{}f} [{:.{}f}, {:.{}f}]",
                     factor * estimate.value,
                     decimals,
                     factor * estimate.low,
                     decimals,
                     factor * estimate.high,
                     decimals);
}

std::string text_of(const std::optional<Estimate>& estimate, int decimals, double factor = 1) {
  return estimate ? text_of(*estimate, decimals, factor) : "-";
}

json json_of(const Estimate& estimate) {
  return {{"value", estimate.value}, {"low", estimate.low}, {"high", estimate.high}};
}

json json_of(const std::optional<Estimate>& estimate) {
  return estimate ? json_of(*estimate) : json();
}

/// Columns as wide as their widest cell; the first is flush left.
std::vector<std::string> aligned(const std::vector<std::vector<std::string>>& cells) {
  std::vector<std::size_t> widths(cells.front().size(), 0);
  for (const auto& row : cells) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::vector<std::string> lines;
  for (const auto& row : cells) {
    std::string line = fmt::format("{:{}}", row[0], widths[0]);
    for (std::size_t i = 1; i < row.size(); ++i) {
      line += fmt::format("  {:>{}}", row[i], widths[i]);
    }
    lines.push_back(line);
  }
  return lines;
}

void append(std::vector<std::string>& lines, const std::vector<std::string>& more) {
  lines.insert(lines.end(), more.begin(), more.end());
}

std::vector<std::string> class_table(const ScoreTable& table) {
  std::vector<std::vector<std::string>> cells{{kRowHead,
                                               "clips",
                                               "accuracy %",
                                               "KL(reference||row)",
                                               "KL(row||reference)",
                                               "inception",
                                               "nearest dB",
                                               "near %"}};
  for (const auto& [name, scores] : table.rows) {
    cells.push_back({name,
                     std::to_string(scores.num_clips),
                     text_of(scores.accuracy, 1, 100),
                     text_of(scores.kl_reference_first, 3),
                     text_of(scores.kl_set_first, 3),
                     text_of(scores.inception_score, 2),
                     text_of(scores.nearest_db, 2),
                     text_of(scores.near_share, 1, 100)});
  }
  return aligned(cells);
}

/// KAD and FAD in each embedding.
std::vector<std::string> distance_table(const ScoreTable& table) {
  std::vector<std::vector<std::string>> cells{{kRowHead}};
  for (const auto& [embedding, distance] : table.rows.front().second.distances) {
    cells.front().push_back("KAD " + embedding);
    cells.front().push_back("FAD " + embedding);
  }
  for (const auto& [name, scores] : table.rows) {
    cells.push_back({name});
    for (const auto& [embedding, distance] : scores.distances) {
      cells.back().push_back(text_of(distance.kernel, 2));
      cells.back().push_back(text_of(distance.frechet, 2));
    }
  }
  return aligned(cells);
}

/// What share of the words of procedural captions is heard in each row.
std::vector<std::string> word_table(const ScoreTable& table) {
  std::vector<std::vector<std::string>> cells{{"words heard %"}};
  const auto& aspects = table.rows.front().second.caption_words;
  for (const auto& [aspect, estimate] : aspects) cells.front().push_back(aspect);
  for (const auto& [name, scores] : table.rows) {
    cells.push_back({name});
    for (const auto& [aspect, estimate] : aspects) {
      const auto found = scores.caption_words.find(aspect);
      cells.back().push_back(found == scores.caption_words.end() ? "-"
                                                                 : text_of(found->second, 1, 100));
    }
  }
  return aligned(cells);
}

json json_of(const std::string& name, const SoundScores& scores) {
  json row{{"row", name},
           {"clips", scores.num_clips},
           {"clips_with_class", scores.num_with_class},
           {"accuracy", json_of(scores.accuracy)},
           {"kl_reference_first", json_of(scores.kl_reference_first)},
           {"kl_row_first", json_of(scores.kl_set_first)},
           {"inception_score", json_of(scores.inception_score)},
           {"nearest_db", json_of(scores.nearest_db)},
           {"near_share", json_of(scores.near_share)}};
  for (const auto& [embedding, distance] : scores.distances) {
    row["embeddings"][embedding] = {{"kad", json_of(distance.kernel)},
                                    {"fad", json_of(distance.frechet)},
                                    {"dimensions", distance.dimensions},
                                    {"rows", distance.num_rows}};
  }
  for (const auto& [aspect, estimate] : scores.caption_words) {
    row["caption_words"][aspect] = json_of(estimate);
  }
  if (scores.num_with_class > 0) row["confusion"] = confusion_rows(scores.confusion_KK);
  return row;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> metric_choices(const ScoreTable& table) {
  const std::string embeddings =
      "clips mixed to one channel and brought to the classifier's loudness; classifier: in-domain, "
      "before its last layer, one row a clip, NOT comparable with published figures; cnn14: PANNs, "
      "second to last layer, one row a clip; vggish: last layer without ReLU and PCA, one row for "
      "each 0.96 s";
  return {
      {"reference",
       fmt::format(
           "the {} training clips for every row: the row 'real' (unseen clips against them) "
           "is what a perfect generator gets",
           table.training_clips)},
      {"accuracy",
       fmt::format("clips that the classifier takes for the class asked for{}",
                   table.classifier_accuracy.empty()
                       ? std::string()
                       : "; on real unseen clips it was " + table.classifier_accuracy +
                             " when it was trained")},
      {"kad",
       "unbiased squared maximum mean discrepancy x 100, Gaussian kernel, bandwidth the median "
       "distance within the reference; 0 for equal distributions, may be negative; the primary one "
       "at small sets"},
      {"fad", "Frechet distance of Gaussians, covariances over N - 1; grows as 1/N in small sets"},
      {"embeddings", embeddings},
      {"kl_reference_first",
       "KL(reference || row), nats: of each clip from the mean posterior of its class's training "
       "clips, mean over clips (the direction of audiocraft and av-benchmark)"},
      {"kl_row_first", "KL(row || reference), the other direction (that of stable-audio-metrics)"},
      {"inception_score",
       fmt::format("exp of mean KL(p || mean p), one split; 1 to {}", table.classes.size())},
      {"nearest_db",
       "mean distance to the nearest training clip in log-mel statistics that no training shaped"},
      {"near_share",
       fmt::format("clips nearer than {:.2f} dB to a training clip, as one in twenty unseen real "
                   "clips are; far more than in the row 'real' means copies",
                   table.near_db)},
      {"caption_words",
       "procedural captions only: share of their words that a measurement of the sound bears out "
       "(docs/data.md), by what they tell of; most are one of two words, so that guessing gets "
       "half"},
      {"intervals",
       fmt::format(
           "{:g} % of {} bootstrap draws of the row's clips, about the figure; the reference "
           "is fixed",
           100 * table.bootstrap.confidence,
           table.bootstrap.num_draws)}};
}

std::vector<std::string> score_lines(const ScoreTable& table) {
  std::vector<std::string> lines = class_table(table);
  lines.emplace_back();
  append(lines, distance_table(table));
  const auto& [name, scores] = table.rows.front();
  if (!scores.caption_words.empty()) {
    lines.emplace_back();
    append(lines, word_table(table));
  }
  if (scores.num_with_class > 0) {
    lines.emplace_back();
    lines.push_back(fmt::format("{}: asked for (rows), taken for (columns)", name));
    append(lines, confusion_lines(scores.confusion_KK, table.classes));
  }
  lines.emplace_back();
  for (const auto& [key, text] : metric_choices(table)) {
    lines.push_back(fmt::format("{}: {}", key, text));
  }
  return lines;
}

json score_json(const ScoreTable& table) {
  json object{{"classes", table.classes},
              {"training_clips", table.training_clips},
              {"near_db", table.near_db}};
  for (const auto& [name, scores] : table.rows) object["rows"].push_back(json_of(name, scores));
  for (const auto& [key, text] : metric_choices(table)) object["choices"][key] = text;
  return object;
}

}  // namespace kilonat::cli
