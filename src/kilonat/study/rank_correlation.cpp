#include "kilonat/study/rank_correlation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "kilonat/base/errors.h"
#include "kilonat/base/seed_tree.h"
#include "kilonat/metrics/bootstrap.h"

namespace kilonat::study {
namespace {

constexpr std::size_t kFewestPairs = 3;
constexpr double kTail = 0.025;

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Empty if one side does not vary.
std::optional<double> pearson(const std::vector<double>& x, const std::vector<double>& y) {
  const double mean_x = mean(x);
  const double mean_y = mean(y);
  double xx = 0;
  double yy = 0;
  double xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  if (xx == 0 || yy == 0) return std::nullopt;
  return xy / std::sqrt(xx * yy);
}

/// Indices of the pairs, group by group.
std::vector<std::vector<std::size_t>> members_of(const std::vector<std::int64_t>& groups) {
  std::map<std::int64_t, std::vector<std::size_t>> found;
  for (std::size_t i = 0; i < groups.size(); ++i) found[groups[i]].push_back(i);
  std::vector<std::vector<std::size_t>> result;
  for (auto& [group, members] : found) result.push_back(std::move(members));
  return result;
}

}  // namespace

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && values[order[last + 1]] == values[order[first]]) ++last;
    const double shared = 1 + static_cast<double>(first + last) / 2;
    for (std::size_t i = first; i <= last; ++i) result[order[i]] = shared;
    first = last + 1;
  }
  return result;
}

std::optional<double> spearman(const std::vector<double>& x, const std::vector<double>& y) {
  KILONAT_REQUIRE(x.size() == y.size(),
                  InternalError,
                  "rank correlation: {} and {} values, expected pairs",
                  x.size(),
                  y.size());
  if (x.size() < kFewestPairs) return std::nullopt;
  return pearson(ranks(x), ranks(y));
}

std::optional<Interval> spearman_interval(const std::vector<double>& x,
                                          const std::vector<double>& y,
                                          const std::vector<std::int64_t>& groups,
                                          std::uint64_t seed,
                                          int draws) {
  const auto members = members_of(groups);
  Rng rng(seed);
  std::vector<double> found;
  for (int draw = 0; draw < draws; ++draw) {
    std::vector<double> some_x;
    std::vector<double> some_y;
    for (std::size_t i = 0; i < members.size(); ++i) {
      for (const std::size_t pair : members[rng.integer(members.size())]) {
        some_x.push_back(x[pair]);
        some_y.push_back(y[pair]);
      }
    }
    if (const auto value = spearman(some_x, some_y)) found.push_back(*value);
  }
  if (found.empty() || found.size() * 2 < static_cast<std::size_t>(draws)) return std::nullopt;
  return Interval{metrics::quantile(found, kTail), metrics::quantile(found, 1 - kTail)};
}

}  // namespace kilonat::study
