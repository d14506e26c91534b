#include "kilonat/study/gaussian_limit_results.h"

#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/files.h"
#include "kilonat/study/csv.h"
#include "kilonat/study/json_reader.h"
#include "kilonat/study/results_json.h"

namespace kilonat::study {
namespace {

using json = nlohmann::ordered_json;

constexpr int kCurvePoints = 100;

json json_of(const LimitCurve& curve) {
  return {{"source", curve.source},
          {"variance", curve.variance},
          {"bits_per_sample", curve.bits_per_sample},
          {"squared_error", curve.squared_error}};
}

/// A power, of which there is a figure in decibels.
double positive(const JsonReader& reader) {
  const double value = reader.number();
  if (!(value > 0)) reader.fail(fmt::format("{}, expected more than 0", value));
  return value;
}

LimitCurve limit_curve_from(const JsonReader& item) {
  LimitCurve curve{.source = item.at("source").text(), .variance = positive(item.at("variance"))};
  for (const JsonReader& bits : item.at("bits_per_sample").array()) {
    curve.bits_per_sample.push_back(bits.number());
  }
  for (const JsonReader& error : item.at("squared_error").array()) {
    curve.squared_error.push_back(positive(error));
  }
  if (curve.bits_per_sample.size() != curve.squared_error.size()) {
    item.fail(fmt::format(
        "{} rates for {} errors", curve.bits_per_sample.size(), curve.squared_error.size()));
  }
  return curve;
}

LimitPoint limit_point_from(const JsonReader& reader) {
  const auto number = [&](const char* name) { return reader.at(name).number(); };
  return {.id = reader.at("id").text(),
          .source = reader.at("source").text(),
          .target_bits = number("target_bits_per_sample"),
          .informative_bits = number("informative_bits_per_sample"),
          .gap = {.bits_per_sample = number("bits_per_sample"),
                  .squared_error = positive(reader.at("squared_error")),
                  .gap_bits = number("gap_bits_per_sample"),
                  .gap_db = number("gap_db"),
                  .gap_bits_error = number("gap_bits_standard_error"),
                  .gap_db_error = number("gap_db_standard_error")},
          .clips = reader.at("clips").integer(),
          .steps = reader.at("steps").integer(),
          .seed = reader.at("seed").integer(),
          .config_hash = reader.at("config_hash").text()};
}

}  // namespace

LimitCurve sample_curve(const std::string& source,
                        const rate::WaterFilling& limit,
                        double max_bits) {
  LimitCurve curve{.source = source, .variance = limit.variance()};
  for (int i = 0; i <= kCurvePoints; ++i) {
    const double bits = max_bits * i / kCurvePoints;
    curve.bits_per_sample.push_back(bits);
    curve.squared_error.push_back(limit.distortion_at(bits));
  }
  return curve;
}

json json_of(const LimitPoint& point) {
  return {{"id", point.id},
          {"source", point.source},
          {"target_bits_per_sample", point.target_bits},
          {"bits_per_sample", point.gap.bits_per_sample},
          {"informative_bits_per_sample", point.informative_bits},
          {"squared_error", point.gap.squared_error},
          {"gap_db", point.gap.gap_db},
          {"gap_db_standard_error", point.gap.gap_db_error},
          {"gap_bits_per_sample", point.gap.gap_bits},
          {"gap_bits_standard_error", point.gap.gap_bits_error},
          {"possible", is_possible(point.gap)},
          {"clips", point.clips},
          {"steps", point.steps},
          {"seed", point.seed},
          {"config_hash", point.config_hash}};
}

LimitPoint limit_point_from_json(const json& value) {
  return limit_point_from(JsonReader(value));
}

json json_of(const LimitResults& results) {
  json object{{"format", kLimitFormat},
              {"version", kLimitVersion},
              {"name", results.name},
              {"created", results.created},
              {"commands", results.commands},
              {"versions", results.versions},
              {"curves", json::array()},
              {"points", json::array()},
              {"missing", results.missing}};
  for (const LimitCurve& curve : results.curves) object["curves"].push_back(json_of(curve));
  for (const LimitPoint& point : results.points) object["points"].push_back(json_of(point));
  return object;
}

LimitResults limit_results_from_json(const json& tree) {
  const JsonReader top(tree);
  require_format(top, kLimitFormat, kLimitVersion);
  LimitResults results{.name = top.at("name").text(),
                       .created = top.text_or("created", ""),
                       .commands = texts_if(top, "commands"),
                       .versions = versions_from(top)};
  std::set<std::string> sources;
  for (const JsonReader& item : top.at("curves").array()) {
    results.curves.push_back(limit_curve_from(item));
    sources.insert(results.curves.back().source);
  }
  std::set<std::string> ids;
  for (const JsonReader& item : top.at("points").array()) {
    const LimitPoint& point = results.points.emplace_back(limit_point_from(item));
    if (!ids.insert(point.id).second) {
      item.at("id").fail(fmt::format("'{}' is there twice", point.id));
    }
    if (!sources.contains(point.source)) {
      item.at("source").fail(fmt::format("'{}' has no curve", point.source));
    }
  }
  results.missing = texts_if(top, "missing");
  return results;
}

std::string limit_csv(const LimitResults& results) {
  std::vector<std::string> fields;
  const json names = json_of(LimitPoint{});
  for (const auto& [name, value] : names.items()) fields.push_back(name);
  std::string text = csv_line(fields);
  for (const LimitPoint& point : results.points) {
    fields.clear();
    const json figures = json_of(point);
    for (const auto& [name, value] : figures.items()) {
      fields.push_back(value.is_string() ? value.get<std::string>() : value.dump());
    }
    text += csv_line(fields);
  }
  return text;
}

std::filesystem::path limit_results_path(const std::filesystem::path& folder) {
  return folder / "gaussian_limit.json";
}

LimitResults load_limit_results(const std::filesystem::path& path) {
  LimitResults results;
  read_results_file(path, "reading the results of the Gaussian limit", [&](const json& tree) {
    results = limit_results_from_json(tree);
  });
  return results;
}

void save_limit_results(const std::filesystem::path& folder, const LimitResults& results) {
  write_results_file(limit_results_path(folder), json_of(results));
  write_text_atomic(folder / "gaussian_limit.csv", limit_csv(results));
}

}  // namespace kilonat::study
