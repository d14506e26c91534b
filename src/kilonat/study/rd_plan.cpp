#include "kilonat/study/rd_plan.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kilonat/base/errors.h"

namespace kilonat::study {
namespace {

train::CodecTrainOptions with_seed(train::CodecTrainOptions options, std::int64_t seed) {
  options.run.seed = seed;
  return options;
}

PlannedUnit gaussian_unit(train::CodecTrainOptions options, double rate_kbps) {
  options.codec.bottleneck.kind = "gaussian";
  options.rate.law.target_kbps = rate_kbps;
  const std::string id = fmt::format("gaussian-{:g}-seed{}", rate_kbps, options.run.seed);
  const auto seed = static_cast<std::uint64_t>(options.run.seed);
  return {id,
          std::move(options),
          {{.id = id,
            .family = "gaussian",
            .label = fmt::format("{:g} kbit/s", rate_kbps),
            .seed = seed,
            .target_kbps = rate_kbps}}};
}

PlannedUnit fixed_unit(train::CodecTrainOptions options, double beta) {
  options.codec.bottleneck.kind = "gaussian";
  options.rate.law.law = "fixed";
  options.rate.law.beta = beta;
  const std::string id = fmt::format("fixed_beta-{:g}-seed{}", beta, options.run.seed);
  const auto seed = static_cast<std::uint64_t>(options.run.seed);
  return {id,
          std::move(options),
          {{.id = id,
            .family = "fixed_beta",
            .label = fmt::format("beta {:g}", beta),
            .seed = seed,
            .target_kbps = {}}}};
}

PlannedUnit rvq_unit(train::CodecTrainOptions options, const RdOptions& study) {
  options.codec.bottleneck.kind = "rvq";
  options.codec.bottleneck.num_codebooks = study.codebooks.back();
  options.codec.bottleneck.codebook_size = study.codebook_size;
  const auto seed = static_cast<std::uint64_t>(options.run.seed);
  PlannedUnit unit{fmt::format("rvq-seed{}", seed), std::move(options), {}};
  for (const std::int64_t count : study.codebooks) {
    unit.points.push_back({.id = fmt::format("rvq-{}-seed{}", count, seed),
                           .family = "rvq",
                           .label = fmt::format("{} codebook{}", count, count == 1 ? "" : "s"),
                           .seed = seed,
                           .target_kbps = {},
                           .num_codebooks = count});
  }
  return unit;
}

PlannedUnit opus_unit(const RdOptions& study) {
  PlannedUnit unit{"opus", std::nullopt, {}};
  for (const double kbps : study.opus_kbps) {
    unit.points.push_back({.id = fmt::format("opus-{:g}", kbps),
                           .family = "opus",
                           .label = fmt::format("{:g} kbit/s", kbps),
                           .target_kbps = kbps});
  }
  return unit;
}

void check_unit(const PlannedUnit& unit) {
  if (!unit.training) return;
  try {
    train::check(*unit.training);
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("point {}: {}", unit.id, error.what()));
  }
}

bool fits(const PlannedUnit& unit, const std::string& name) {
  return name == unit.id || std::any_of(unit.points.begin(), unit.points.end(), [&](const auto& p) {
           return name == p.id || name == p.family;
         });
}

}  // namespace

std::vector<PlannedUnit> plan_rd(const RdOptions& options, const train::CodecTrainOptions& base) {
  check(options);
  std::vector<PlannedUnit> units;
  for (const std::int64_t seed : options.seeds) {
    const train::CodecTrainOptions seeded = with_seed(base, seed);
    for (const double kbps : options.rates_kbps) units.push_back(gaussian_unit(seeded, kbps));
    if (!options.codebooks.empty()) units.push_back(rvq_unit(seeded, options));
    for (const double beta : options.fixed_betas) units.push_back(fixed_unit(seeded, beta));
  }
  if (!options.opus_kbps.empty()) units.push_back(opus_unit(options));
  for (const PlannedUnit& unit : units) check_unit(unit);
  return units;
}

std::vector<PlannedUnit> chosen_units(const std::vector<PlannedUnit>& units,
                                      const std::vector<std::string>& chosen) {
  if (chosen.empty()) return units;
  for (const std::string& name : chosen) {
    const bool is_there =
        std::any_of(units.begin(), units.end(), [&](const auto& u) { return fits(u, name); });
    std::vector<std::string> ids;
    for (const PlannedUnit& unit : units) ids.push_back(unit.id);
    KILONAT_REQUIRE(is_there,
                    ConfigError,
                    "--points: no point, run or family '{}'; the runs are {}",
                    name,
                    fmt::join(ids, ", "));
  }
  std::vector<PlannedUnit> result;
  std::copy_if(units.begin(), units.end(), std::back_inserter(result), [&](const auto& unit) {
    return std::any_of(
        chosen.begin(), chosen.end(), [&](const std::string& name) { return fits(unit, name); });
  });
  return result;
}

}  // namespace kilonat::study
