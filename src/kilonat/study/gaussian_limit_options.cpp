#include "kilonat/study/gaussian_limit_options.h"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/config/schema.h"
#include "kilonat/data/procedural/gaussian.h"

namespace kilonat::study {
namespace {

// R(D) of all sources is the same to 2e-7 bits from 1024 points on.
constexpr int kSpectrumPoints = 2048;
constexpr std::int64_t kFewestClips = 16;  // two held out

double decibels_to_power(double db) {
  return std::pow(10.0, db / 10);
}

LimitPlan plan_point(const GaussianLimitOptions& study,
                     const std::string& source,
                     const rate::WaterFilling& limit,
                     double snr_db) {
  const double distortion = limit.variance() / decibels_to_power(snr_db);
  const double bits = limit.bits_at(distortion);
  LimitPlan plan{.id = fmt::format("{}-{:g}dB", source, snr_db),
                 .source = source,
                 .target_bits = bits,
                 .options = study.codec};
  train::CodecTrainOptions& options = plan.options;
  options.data.sources = {fmt::format("procedural:{},clips={},seconds={:g},seed={},rate={}",
                                      source,
                                      study.limit.clips,
                                      study.limit.clip_s,
                                      study.limit.data_seed,
                                      options.codec.sample_rate_hz)};
  options.rate.law.target_kbps = bits * static_cast<double>(options.codec.sample_rate_hz) / 1000;
  options.rate.law.initial_beta = -limit.slope_at(bits) * bits / distortion;
  options.loss.squared_error_weight = 1 / distortion;
  train::check(options);
  return plan;
}

}  // namespace

void describe(config::Schema& schema, LimitOptions& options) {
  schema
      .field("sources",
             options.sources,
             {.doc = "Gaussian sources of known spectrum: gaussian-white, gaussian-ar2, "
                     "gaussian-band"})
      .field("snr_db",
             options.snr_db,
             {.doc = "the rates, by the signal-to-noise ratio that the limit has there",
              .unit = "dB",
              .min = 0.1,
              .max = 60})
      .field("clips",
             options.clips,
             {.doc = "of each source; one in eight is held out", .min = kFewestClips, .max = 1e5})
      .field("clip_s", options.clip_s, {.doc = "of each clip", .unit = "s", .min = 1.5, .max = 30})
      .field("data_seed", options.data_seed, {.doc = "of the sources", .min = 0});
}

void describe(config::Schema& schema, GaussianLimitOptions& options) {
  train::describe(schema, options.codec);
  schema.section("limit",
                 options.limit,
                 "Studies of the Gaussian limit only (`kilonat study gaussian-limit`), which set "
                 "`data.sources`, `rate.target_kbps`, `rate.initial_beta` and "
                 "`loss.squared_error_weight` for each point.");
}

rate::WaterFilling limit_of(const std::string& source) {
  const data::procedural::GaussianSource* found = data::procedural::find_gaussian(source);
  if (found == nullptr) {
    std::string names;
    for (const auto& known : data::procedural::gaussian_sources()) names += " " + known.name;
    throw ConfigError(fmt::format("limit.sources: '{}'; there are{}", source, names));
  }
  std::vector<double> density;
  for (int i = 0; i < kSpectrumPoints; ++i) {
    density.push_back(found->density(std::numbers::pi * (i + 0.5) / kSpectrumPoints));
  }
  return rate::WaterFilling(std::move(density));
}

std::vector<LimitPlan> plan_points(const GaussianLimitOptions& options) {
  std::vector<LimitPlan> plans;
  for (const std::string& source : options.limit.sources) {
    const rate::WaterFilling limit = limit_of(source);
    for (const double snr_db : options.limit.snr_db) {
      plans.push_back(plan_point(options, source, limit, snr_db));
    }
  }
  KILONAT_REQUIRE(!plans.empty(), ConfigError, "gaussian limit: no source or no rate is asked for");
  return plans;
}

}  // namespace kilonat::study
