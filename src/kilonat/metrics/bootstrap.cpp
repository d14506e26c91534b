#include "kilonat/metrics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/ATen.h>

#include "kilonat/base/seed_tree.h"

namespace kilonat::metrics {
namespace {

at::Tensor draw_clips(std::int64_t num_clips, Rng& rng) {
  at::Tensor drawn = at::empty({num_clips}, at::kLong);
  auto* numbers = drawn.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < num_clips; ++i) {
    numbers[i] = static_cast<std::int64_t>(rng.integer(static_cast<std::uint64_t>(num_clips)));
  }
  std::sort(numbers, numbers + num_clips);
  const bool is_one_clip = numbers[0] == numbers[num_clips - 1];
  return is_one_clip && num_clips > 1 ? draw_clips(num_clips, rng) : drawn;
}

}  // namespace

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], place - std::floor(place));
}

Estimate bootstrap(double value,
                   std::int64_t num_clips,
                   const std::function<double(const at::Tensor&)>& statistic,
                   const BootstrapOptions& options) {
  Rng rng(SeedTree(options.seed).child("bootstrap"));
  std::vector<double> figures;
  for (std::int64_t draw = 0; draw < options.num_draws; ++draw) {
    figures.push_back(statistic(draw_clips(num_clips, rng)));
  }
  const double mean =
      std::accumulate(figures.begin(), figures.end(), 0.0) / static_cast<double>(figures.size());
  const double tail = (1 - options.confidence) / 2;
  return {
      value, value + quantile(figures, tail) - mean, value + quantile(figures, 1 - tail) - mean};
}

}  // namespace kilonat::metrics
