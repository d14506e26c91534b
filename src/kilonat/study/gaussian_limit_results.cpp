#include "kilonat/study/gaussian_limit_results.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/files.h"
#include "kilonat/base/version.h"
#include "kilonat/study/csv.h"
#include "kilonat/study/json_reader.h"

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
          {"clips", point.clips},
          {"steps", point.steps},
          {"seed", point.seed},
          {"config_hash", point.config_hash}};
}

LimitPoint limit_point_from_json(const json& value) {
  const JsonReader reader(value);
  const auto number = [&](const char* name) { return reader.at(name).number(); };
  return {.id = reader.at("id").text(),
          .source = reader.at("source").text(),
          .target_bits = number("target_bits_per_sample"),
          .informative_bits = number("informative_bits_per_sample"),
          .gap = {.bits_per_sample = number("bits_per_sample"),
                  .squared_error = number("squared_error"),
                  .gap_bits = number("gap_bits_per_sample"),
                  .gap_db = number("gap_db"),
                  .gap_bits_error = number("gap_bits_standard_error"),
                  .gap_db_error = number("gap_db_standard_error")},
          .clips = reader.at("clips").integer(),
          .steps = reader.at("steps").integer(),
          .seed = reader.at("seed").integer(),
          .config_hash = reader.at("config_hash").text()};
}

json json_of(const LimitResults& results) {
  json object{{"format", kLimitFormat},
              {"version", 1},
              {"kilonat", std::string(kVersion)},
              {"curves", json::array()},
              {"points", json::array()}};
  for (const LimitCurve& curve : results.curves) object["curves"].push_back(json_of(curve));
  for (const LimitPoint& point : results.points) object["points"].push_back(json_of(point));
  return object;
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

void save_limit_results(const std::filesystem::path& folder, const LimitResults& results) {
  write_text_atomic(folder / "results.json", json_of(results).dump(1) + "\n");
  write_text_atomic(folder / "results.csv", limit_csv(results));
}

}  // namespace kilonat::study
