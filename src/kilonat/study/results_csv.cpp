#include "kilonat/study/results_csv.h"

#include <iterator>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kilonat/base/files.h"
#include "kilonat/study/csv.h"

namespace kilonat::study {
namespace {

std::vector<std::string> header_of(const Results& results) {
  std::vector<std::string> names{
      "id", "family", "label", "status", "why", "seed", "steps", "config_hash", "target_kbps"};
  names.insert(names.end(), std::begin(kRateNames), std::end(kRateNames));
  names.emplace_back("clip_rate_std_kbps");
  for (const Distance& distance : results.distances) names.push_back(distance.name);
  for (const char* name : {"active_channels",
                           "effective_rank",
                           "lpc_gain_db",
                           "spectral_decay",
                           "shift_equivariance",
                           "context_kl_kbps",
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
                                  csv_number(point.target_kbps)};
  for (const char* name : kRateNames) fields.push_back(csv_number(point.rates, name));
  fields.push_back(csv_number(clip_rate_spread_kbps(point.clips)));
  for (const Distance& distance : results.distances) {
    fields.push_back(csv_number(point.distances, distance.name));
  }
  const LatentFigures latent = point.latent.value_or(LatentFigures{});
  fields.push_back(csv_number(latent.active_channels));
  fields.push_back(csv_number(latent.effective_rank));
  fields.push_back(csv_number(latent.lpc_gain_db));
  fields.push_back(csv_number(latent.spectral_decay));
  fields.push_back(csv_number(latent.shift_equivariance));
  fields.push_back(csv_number(latent.context_kl_kbps));
  fields.push_back(fmt::format("{}", fmt::join(latent.nats_per_channel, " ")));
  return fields;
}

}  // namespace

std::string results_csv(const Results& results) {
  std::string text = csv_line(header_of(results));
  for (const Point& point : results.points) text += csv_line(row_of(results, point));
  return text;
}

void save_results_csv(const std::filesystem::path& path, const Results& results) {
  write_text_atomic(path, results_csv(results));
}

}  // namespace kilonat::study
