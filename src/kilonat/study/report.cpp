#include "kilonat/study/report.h"

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/version.h"
#include "kilonat/study/curve.h"
#include "kilonat/study/embedded_sound.h"
#include "kilonat/study/generation_csv.h"
#include "kilonat/study/report_page.h"
#include "kilonat/study/results_csv.h"
#include "kilonat/study/run_results.h"

namespace kilonat::study {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

std::int64_t rows_per_entry(const Curve& curve) {
  const auto count = static_cast<std::int64_t>(curve.step.size());
  return std::max<std::int64_t>(1, (count + kMaxCurveEntries - 1) / kMaxCurveEntries);
}

/// Results of either kind as the page reads them: curves thinned, and how much.
template <typename AnyResults>
json results_for_page(AnyResults results) {
  std::vector<std::int64_t> rows;
  for (auto& point : results.points) {
    rows.push_back(rows_per_entry(point.curve));
    point.curve = thinned(point.curve, rows.back());
  }
  json tree = to_json(results);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    tree["points"][i]["curve_rows_per_entry"] = rows[i];
  }
  return tree;
}

template <typename AnyResults>
void add_sounds_of_points(const AnyResults& results, std::set<std::string>& files) {
  for (const auto& point : results.points) {
    for (const auto& sound : point.audio) files.insert(sound.file);
  }
}

std::set<std::string> sound_files(const ReportContents& contents) {
  std::set<std::string> files;
  if (contents.results) {
    for (const Original& original : contents.results->originals) files.insert(original.file);
    add_sounds_of_points(*contents.results, files);
  }
  if (contents.generation) add_sounds_of_points(*contents.generation, files);
  return files;
}

template <typename AnyResults>
void count_points(const std::optional<AnyResults>& results, ReportSummary& summary) {
  if (!results) return;
  for (const auto& point : results->points) {
    ++summary.num_points;
    if (point.status != PointStatus::kDone) ++summary.num_points_not_done;
  }
}

void count_points(const std::optional<LimitResults>& limit, ReportSummary& summary) {
  if (!limit) return;
  summary.num_points += std::ssize(limit->points) + std::ssize(limit->missing);
  summary.num_points_not_done += std::ssize(limit->missing);
}

/// Script elements hold base64, in which no "</script" can stand.
std::string sound_element(std::int64_t id, const EmbeddedSound& sound) {
  return fmt::format("<script type=\"text/plain\" id=\"sound-{}\">{}</script>\n", id, sound.base64);
}

/// A page that is passed on need not say where its folder lay.
std::string without_folder(std::string text, const fs::path& folder) {
  const std::string prefix = (folder / "").string();
  if (const std::size_t place = text.find(prefix); place != std::string::npos) {
    text.erase(place, prefix.size());
  }
  return text;
}

/// Embeds each sound once: fills the page's index of them and returns the elements.
std::string embed_sounds(const ReportContents& contents,
                         const fs::path& folder,
                         json& index,
                         ReportSummary& summary) {
  std::string elements;
  index = json::object();
  for (const std::string& file : sound_files(contents)) {
    try {
      const EmbeddedSound sound = embed_sound(folder / file, summary.path.parent_path());
      index[file] = {{"id", summary.num_sounds},
                     {"seconds", sound.seconds},
                     {"sample_rate_hz", sound.sample_rate_hz}};
      elements += sound_element(summary.num_sounds++, sound);
    } catch (const Error& error) {
      const std::string why = without_folder(error.what(), folder);
      index[file] = {{"missing", why}};
      summary.missing_sounds.push_back(why);
    }
  }
  return elements;
}

/// JSON that may stand in a script element: no '<', so neither "</script" nor "<!--".
std::string script_text(const json& data) {
  const std::string text = data.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string page_with(std::string_view data) {
  const std::string_view page = report_page();
  const std::size_t place = page.find(kDataMarker);
  KILONAT_REQUIRE(place != std::string_view::npos,
                  InternalError,
                  "writing a report: the built page has no place for data; build web/ anew");
  return fmt::format(
      "{}{}{}", page.substr(0, place), data, page.substr(place + kDataMarker.size()));
}

}  // namespace

fs::path report_path(const fs::path& folder) {
  return folder / "report" / "index.html";
}

ReportContents read_folder(const fs::path& folder) {
  KILONAT_REQUIRE(fs::is_directory(folder),
                  IoError,
                  "reading '{}': no such folder; name the folder of a study or of a run",
                  folder.string());
  ReportContents contents;
  if (const fs::path path = folder / "results.json"; fs::exists(path)) {
    contents.results = load_results(path);
  }
  if (const fs::path path = folder / "generation.json"; fs::exists(path)) {
    contents.generation = load_generation(path);
  }
  if (const fs::path path = limit_results_path(folder); fs::exists(path)) {
    contents.limit = load_limit_results(path);
  }
  if (contents.results || contents.generation || contents.limit) return contents;
  KILONAT_REQUIRE(is_run_folder(folder),
                  FormatError,
                  "reading '{}': neither a study (results.json, generation.json or "
                  "gaussian_limit.json) nor a run (config.toml and metrics.jsonl); 'kilonat study' "
                  "and 'kilonat train' write them",
                  folder.string());
  contents.results = run_results(folder);
  return contents;
}

ReportSummary write_report(const ReportContents& contents, const fs::path& folder) {
  ReportSummary summary;
  summary.path = report_path(folder);
  create_folder(summary.path.parent_path());
  json data{{"made_by", fmt::format("kilonat {}", kVersion)}};
  if (contents.results) {
    data["csv"] = results_csv(*contents.results);
    data["results"] = results_for_page(*contents.results);
  }
  if (contents.generation) {
    data["generation_csv"] = generation_csv(*contents.generation);
    data["generation"] = results_for_page(*contents.generation);
  }
  if (contents.limit) {
    data["limit_csv"] = limit_csv(*contents.limit);
    data["limit"] = json_of(*contents.limit);
  }
  const std::string sounds = embed_sounds(contents, folder, data["sounds"], summary);
  const std::string page =
      page_with(fmt::format("<script type=\"application/json\" id=\"kilonat-data\">{}</script>\n{}",
                            script_text(data),
                            sounds));
  write_text_atomic(summary.path, page);
  summary.num_bytes = static_cast<std::int64_t>(page.size());
  count_points(contents.results, summary);
  count_points(contents.generation, summary);
  count_points(contents.limit, summary);
  return summary;
}

}  // namespace kilonat::study
