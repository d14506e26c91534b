#include "kilonat/study/generation_csv.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "kilonat/base/files.h"
#include "kilonat/study/csv.h"

namespace kilonat::study {
namespace {

/// All measures that some point has, by name.
std::set<std::string> measures_of(const GenerationResults& results) {
  std::set<std::string> names;
  for (const GenerationPoint& point : results.points) {
    for (const auto& [name, value] : point.predictability) names.insert(name);
  }
  return names;
}

/// `predictive_kbps` is a rate and may be a measure, too.
std::string measure_column(const std::string& name) {
  return "predictability_" + name;
}

std::vector<std::string> header_of(const GenerationResults& results) {
  std::vector<std::string> names{"id", "codec_point", "status", "why", "target_kbps"};
  names.insert(names.end(), std::begin(kGenerationRateNames), std::end(kGenerationRateNames));
  for (const char* name : {"seed", "steps", "guidance", "sampler", "sampler_steps", "eta"}) {
    names.emplace_back(name);
  }
  for (const GenerationMetric& metric : results.metrics) {
    for (const char* end : {"", "_low", "_high", "_reconstruction"}) {
      names.push_back(metric.id + end);
    }
  }
  for (const std::string& name : measures_of(results)) names.push_back(measure_column(name));
  return names;
}

std::optional<Estimate> find(const Estimates& estimates, const std::string& id) {
  const auto found = estimates.find(id);
  return found == estimates.end() ? std::nullopt : std::optional(found->second);
}

std::string value_field(const std::optional<Estimate>& estimate) {
  return estimate ? csv_number(std::optional(estimate->value)) : std::string();
}

std::vector<std::string> row_of(const GenerationResults& results, const GenerationPoint& point) {
  std::vector<std::string> fields{point.id,
                                  point.codec_point,
                                  status_name(point.status),
                                  point.why,
                                  csv_number(point.target_kbps)};
  for (const char* name : kGenerationRateNames) fields.push_back(csv_number(point.rates, name));
  fields.push_back(fmt::format("{}", point.seed));
  fields.push_back(csv_number(point.steps));
  fields.push_back(csv_number(point.guidance));
  fields.push_back(point.sampler);
  fields.push_back(csv_number(point.sampler_steps));
  fields.push_back(csv_number(point.eta));
  for (const GenerationMetric& metric : results.metrics) {
    const auto estimate = find(point.metrics, metric.id);
    fields.push_back(value_field(estimate));
    fields.push_back(estimate ? csv_number(estimate->low) : std::string());
    fields.push_back(estimate ? csv_number(estimate->high) : std::string());
    fields.push_back(value_field(find(point.reconstruction, metric.id)));
  }
  for (const std::string& name : measures_of(results)) {
    fields.push_back(csv_number(point.predictability, name));
  }
  return fields;
}

/// What stands beside the generators: real clips, silence, noise.
std::vector<std::string> row_of(const GenerationResults& results, const Anchor& anchor) {
  std::vector<std::string> fields{anchor.id, "", "anchor"};
  const std::vector<std::string> header = header_of(results);
  const auto first =
      std::find(header.begin(), header.end(), results.metrics.empty() ? "" : results.metrics[0].id);
  fields.resize(static_cast<std::size_t>(first - header.begin()));
  for (const GenerationMetric& metric : results.metrics) {
    const auto estimate = find(anchor.metrics, metric.id);
    fields.push_back(value_field(estimate));
    fields.push_back(estimate ? csv_number(estimate->low) : std::string());
    fields.push_back(estimate ? csv_number(estimate->high) : std::string());
    fields.emplace_back();
  }
  fields.resize(header.size());
  return fields;
}

}  // namespace

std::string generation_csv(const GenerationResults& results) {
  std::string text = csv_line(header_of(results));
  for (const GenerationPoint& point : results.points) text += csv_line(row_of(results, point));
  for (const Anchor& anchor : results.anchors) text += csv_line(row_of(results, anchor));
  return text;
}

void save_generation_csv(const std::filesystem::path& path, const GenerationResults& results) {
  write_text_atomic(path, generation_csv(results));
}

}  // namespace kilonat::study
