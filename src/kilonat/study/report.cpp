#include "kilonat/study/report.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/version.h"
#include "kilonat/study/curve.h"
#include "kilonat/study/embedded_sound.h"
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

/// The results as the page reads them: curves thinned, and how much.
json results_for_page(Results results) {
  std::vector<std::int64_t> rows;
  for (Point& point : results.points) {
    rows.push_back(rows_per_entry(point.curve));
    point.curve = thinned(point.curve, rows.back());
  }
  json tree = to_json(results);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    tree["points"][i]["curve_rows_per_entry"] = rows[i];
  }
  return tree;
}

std::set<std::string> sound_files(const Results& results) {
  std::set<std::string> files;
  for (const Original& original : results.originals) files.insert(original.file);
  for (const Point& point : results.points) {
    for (const Sound& sound : point.audio) files.insert(sound.file);
  }
  return files;
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
std::string embed_sounds(const Results& results,
                         const fs::path& folder,
                         json& index,
                         ReportSummary& summary) {
  std::string elements;
  index = json::object();
  for (const std::string& file : sound_files(results)) {
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

Results read_folder(const fs::path& folder) {
  KILONAT_REQUIRE(fs::is_directory(folder),
                  IoError,
                  "reading '{}': no such folder; name the folder of a study or of a run",
                  folder.string());
  if (fs::exists(folder / "results.json")) return load_results(folder / "results.json");
  KILONAT_REQUIRE(is_run_folder(folder),
                  FormatError,
                  "reading '{}': neither a study (results.json) nor a run (config.toml and "
                  "metrics.jsonl); 'kilonat study' and 'kilonat train' write them",
                  folder.string());
  return run_results(folder);
}

ReportSummary write_report(const Results& results, const fs::path& folder) {
  ReportSummary summary;
  summary.path = report_path(folder);
  create_folder(summary.path.parent_path());
  json data{{"made_by", fmt::format("kilonat {}", kVersion)},
            {"csv", results_csv(results)},
            {"results", results_for_page(results)}};
  const std::string sounds = embed_sounds(results, folder, data["sounds"], summary);
  const std::string page =
      page_with(fmt::format("<script type=\"application/json\" id=\"kilonat-data\">{}</script>\n{}",
                            script_text(data),
                            sounds));
  write_text_atomic(summary.path, page);
  summary.num_bytes = static_cast<std::int64_t>(page.size());
  summary.num_points = static_cast<std::int64_t>(results.points.size());
  summary.num_points_not_done =
      std::count_if(results.points.begin(), results.points.end(), [](const Point& point) {
        return point.status != PointStatus::kDone;
      });
  return summary;
}

}  // namespace kilonat::study
