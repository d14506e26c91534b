#include "kilonat/study/best_rate.h"

#include <map>

#include "kilonat/base/seed_tree.h"

namespace kilonat::study {
namespace {

/// Width of a normal distribution's 95 % interval in standard deviations.
constexpr double kIntervalDeviations = 2 * 1.959964;

/// The mean of one draw of a rate's generators.
double drawn_mean(const std::vector<RateFigure>& generators, Rng& rng) {
  double sum = 0;
  for (std::size_t i = 0; i < generators.size(); ++i) {
    const RateFigure& one = generators[rng.integer(generators.size())];
    sum += one.value + rng.normal() * (one.high - one.low) / kIntervalDeviations;
  }
  return sum / static_cast<double>(generators.size());
}

}  // namespace

std::vector<RateShare> best_rate_shares(const std::vector<RateFigure>& figures,
                                        bool lower_is_better,
                                        std::uint64_t seed,
                                        int draws) {
  std::map<double, std::vector<RateFigure>> rates;
  for (const RateFigure& figure : figures) rates[figure.target_kbps].push_back(figure);
  std::map<double, int> wins;
  Rng rng(seed);
  for (int draw = 0; draw < draws && !rates.empty(); ++draw) {
    double best_rate = 0;
    double best = 0;
    bool is_first = true;
    for (const auto& [rate, generators] : rates) {
      const double value = drawn_mean(generators, rng);
      if (!is_first && (lower_is_better ? value >= best : value <= best)) continue;
      best = value;
      best_rate = rate;
      is_first = false;
    }
    ++wins[best_rate];
  }
  std::vector<RateShare> shares;
  for (const auto& [rate, generators] : rates)
    shares.push_back({rate, static_cast<double>(wins[rate]) / draws});
  return shares;
}

}  // namespace kilonat::study
