#include "kilonat/study/generation_summary.h"

#include <cmath>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "kilonat/study/best_rate.h"
#include "kilonat/study/rank_correlation.h"

namespace kilonat::study {
namespace {

constexpr std::uint64_t kSeed = 0;
constexpr std::size_t kFewestRates = 3;

using Measure = std::function<std::optional<double>(const GenerationPoint&)>;

std::optional<double> find(const Figures& figures, const std::string& name) {
  const auto found = figures.find(name);
  return found == figures.end() ? std::nullopt : std::optional(found->second);
}

std::optional<double> find(const Estimates& estimates, const std::string& name) {
  const auto found = estimates.find(name);
  return found == estimates.end() ? std::nullopt : std::optional(found->second.value);
}

std::vector<const GenerationPoint*> done_points(const GenerationResults& results) {
  std::vector<const GenerationPoint*> points;
  for (const GenerationPoint& point : results.points) {
    if (point.status == PointStatus::kDone && point.target_kbps) points.push_back(&point);
  }
  return points;
}

/// Points of one codec are one group: the seeds of a rate.
std::int64_t group_of(const GenerationPoint& point, std::vector<std::string>& known) {
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i] == point.codec_point) return static_cast<std::int64_t>(i);
  }
  known.push_back(point.codec_point);
  return static_cast<std::int64_t>(known.size()) - 1;
}

void add_correlation(const std::vector<const GenerationPoint*>& points,
                     const std::string& measure,
                     const Measure& of,
                     const std::string& metric,
                     std::vector<Correlation>& correlations) {
  std::vector<double> x;
  std::vector<double> y;
  std::vector<std::int64_t> groups;
  std::vector<std::string> codecs;
  for (const GenerationPoint* point : points) {
    const auto left = of(*point);
    const auto right = find(point->metrics, metric);
    if (!left || !right) continue;
    x.push_back(*left);
    y.push_back(*right);
    groups.push_back(group_of(*point, codecs));
  }
  const auto value = spearman(x, y);
  if (!value || codecs.size() < kFewestRates) return;
  Correlation correlation;
  correlation.measure = measure;
  correlation.metric = metric;
  correlation.spearman = value;
  correlation.points = static_cast<std::int64_t>(x.size());
  if (const auto interval = spearman_interval(x, y, groups, kSeed)) {
    correlation.low = interval->low;
    correlation.high = interval->high;
  }
  correlations.push_back(correlation);
}

void add_best(const std::vector<const GenerationPoint*>& points,
              const std::string& metric,
              bool lower_is_better,
              GenerationResults& results) {
  std::vector<RateFigure> figures;
  for (const GenerationPoint* point : points) {
    const auto found = point->metrics.find(metric);
    if (found == point->metrics.end()) continue;
    const Estimate& estimate = found->second;
    figures.push_back({*point->target_kbps,
                       estimate.value,
                       estimate.low.value_or(estimate.value),
                       estimate.high.value_or(estimate.value)});
  }
  std::vector<RateShare> shares = best_rate_shares(figures, lower_is_better, kSeed);
  if (shares.size() < kFewestRates) return;
  BestRate best;
  best.metric = metric;
  double most = -1;
  for (const RateShare& share : shares) {
    if (share.share > most) {
      most = share.share;
      best.target_kbps = share.target_kbps;
    }
  }
  best.share = std::move(shares);
  results.best = std::move(best);
}

}  // namespace

Figures predictability_of(const Point& codec) {
  Figures figures;
  if (const auto rate = find(codec.rates, "predictive_kbps")) figures["predictive_kbps"] = *rate;
  if (!codec.latent) return figures;
  const auto put = [&](const char* name, const std::optional<double>& value) {
    if (value) figures[name] = *value;
  };
  put("linear_gain_db", codec.latent->lpc_gain_db);
  put("effective_rank", codec.latent->effective_rank);
  put("spectral_decay", codec.latent->spectral_decay);
  put("shift_equivariance", codec.latent->shift_equivariance);
  return figures;
}

void summarise(const std::string& metric, GenerationResults& results) {
  const auto points = done_points(results);
  std::set<std::string> measures;
  for (const GenerationPoint* point : points) {
    for (const auto& [name, value] : point->predictability) measures.insert(name);
  }
  results.correlations.clear();
  results.best.reset();
  for (const GenerationMetric& known : results.metrics) {
    for (const std::string& name : measures) {
      add_correlation(
          points,
          name,
          [&](const auto& point) { return find(point.predictability, name); },
          known.id,
          results.correlations);
    }
    for (const char* rate : {"kl_kbps", "diffusion_kbps"}) {
      add_correlation(
          points,
          rate,
          [&](const auto& point) { return find(point.rates, rate); },
          known.id,
          results.correlations);
    }
    add_correlation(
        points, "eta", [](const auto& point) { return point.eta; }, known.id, results.correlations);
    add_correlation(
        points,
        "reconstruction",
        [&](const auto& point) { return find(point.reconstruction, known.id); },
        known.id,
        results.correlations);
    if (known.id == metric) add_best(points, metric, known.lower_is_better, results);
  }
}

}  // namespace kilonat::study
