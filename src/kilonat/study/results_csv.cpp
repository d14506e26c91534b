#include "kilonat/study/results_csv.h"

#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kilonat/base/files.h"

namespace kilonat::study {
namespace {

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + '"';
}

template <typename T>
std::string field_of(const std::optional<T>& value) {
  if (!value || !std::isfinite(static_cast<double>(*value))) return {};
  return fmt::format("{}", *value);
}

std::string field_of(const Figures& figures, const std::string& name) {
  const auto found = figures.find(name);
  return found == figures.end() ? std::string() : field_of(std::optional(found->second));
}

std::string line_of(const std::vector<std::string>& fields) {
  std::vector<std::string> cells;
  for (const std::string& field : fields) cells.push_back(csv_field(field));
  return fmt::format("{}\r\n", fmt::join(cells, ","));
}

std::vector<std::string> header_of(const Results& results) {
  std::vector<std::string> names{
      "id", "family", "label", "status", "why", "seed", "steps", "config_hash", "target_kbps"};
  names.insert(names.end(), std::begin(kRateNames), std::end(kRateNames));
  for (const Distance& distance : results.distances) names.push_back(distance.name);
  for (const char* name : {"active_channels",
                           "effective_rank",
                           "lpc_gain_db",
                           "spectral_decay",
                           "shift_equivariance",
                           "nats_per_channel"}) {
    names.emplace_back(name);
  }
  return names;
}

std::vector<std::string> row_of(const Results& results, const Point& point) {
  std::vector<std::string> fields{point.id,
                                  point.family,
                                  point.label,
                                  status_name(point.status),
                                  point.why,
                                  fmt::format("{}", point.seed),
                                  fmt::format("{}", point.steps),
                                  point.config_hash,
                                  field_of(point.target_kbps)};
  for (const char* name : kRateNames) fields.push_back(field_of(point.rates, name));
  for (const Distance& distance : results.distances) {
    fields.push_back(field_of(point.distances, distance.name));
  }
  const LatentFigures latent = point.latent.value_or(LatentFigures{});
  fields.push_back(field_of(latent.active_channels));
  fields.push_back(field_of(latent.effective_rank));
  fields.push_back(field_of(latent.lpc_gain_db));
  fields.push_back(field_of(latent.spectral_decay));
  fields.push_back(field_of(latent.shift_equivariance));
  fields.push_back(fmt::format("{}", fmt::join(latent.nats_per_channel, " ")));
  return fields;
}

}  // namespace

std::string results_csv(const Results& results) {
  std::string text = line_of(header_of(results));
  for (const Point& point : results.points) text += line_of(row_of(results, point));
  return text;
}

void save_results_csv(const std::filesystem::path& path, const Results& results) {
  write_text_atomic(path, results_csv(results));
}

}  // namespace kilonat::study
