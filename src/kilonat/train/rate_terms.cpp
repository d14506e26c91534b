#include "kilonat/train/rate_terms.h"

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"

namespace kilonat::train {
namespace {

/// Below this a channel's moments say nothing (a float32 round-off of zero variance).
constexpr double kMinVariance = 1e-12;

torch::Tensor variance_D(const RateStatistics& statistics) {
  return (statistics.second_D - statistics.first_D.square()).clamp_min(kMinVariance);
}

torch::Tensor aggregate_nats(const RateStatistics& statistics) {
  return 0.5 * (statistics.second_D - 1 - variance_D(statistics).log()).sum();
}

}  // namespace

RateStatistics rate_statistics(const torch::Tensor& mean_BDF,
                               const torch::Tensor& stddev_BDF,
                               std::int64_t edge_frames) {
  const std::int64_t num_frames = mean_BDF.size(2);
  const std::int64_t inner_frames = num_frames - 2 * edge_frames;
  KILONAT_REQUIRE(inner_frames > 0,
                  ConfigError,
                  "rate: excerpts of {} latent frames leave none without rate.edge_frames = {} at "
                  "each end; lengthen the excerpts",
                  num_frames,
                  edge_frames);
  const auto mean = mean_BDF.narrow(2, edge_frames, inner_frames).to(torch::kDouble);
  const auto stddev = stddev_BDF.narrow(2, edge_frames, inner_frames).to(torch::kDouble);
  const torch::Tensor second = mean.square() + stddev.square();
  RateStatistics result;
  result.kl_nats = 0.5 * (second - 1 - 2 * stddev.log()).sum(1).mean();
  result.first_D = mean.mean(at::IntArrayRef{0, 2});
  result.second_D = second.mean(at::IntArrayRef{0, 2});
  return result;
}

RateStatistics combine(std::span<const RateStatistics> parts) {
  const torch::NoGradGuard no_grad;
  RateStatistics sum{parts[0].kl_nats.detach().clone(),
                     parts[0].first_D.detach().clone(),
                     parts[0].second_D.detach().clone()};
  for (const RateStatistics& part : parts.subspan(1)) {
    sum.kl_nats += part.kl_nats;
    sum.first_D += part.first_D;
    sum.second_D += part.second_D;
  }
  const auto count = static_cast<double>(parts.size());
  return {sum.kl_nats / count, sum.first_D / count, sum.second_D / count};
}

rate::RateObservation observe(const RateStatistics& statistics) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor both =
      torch::stack({statistics.kl_nats.detach(), aggregate_nats(statistics)}).cpu();
  const double kl_nats = both[0].item<double>();
  return {.kl_nats_per_frame = kl_nats, .matched_nats_per_frame = kl_nats - both[1].item<double>()};
}

torch::Tensor rate_loss(const RateStatistics& part,
                        const RateStatistics& batch,
                        const rate::RateTerm& term) {
  const double of_k = term.kl_coefficient + term.matched_coefficient;
  const double of_aggregate = term.aggregate_coefficient - term.matched_coefficient;
  torch::Tensor loss = of_k * part.kl_nats;
  if (of_aggregate != 0) {
    const torch::Tensor variance = variance_D(batch).detach();
    const torch::Tensor first_slope = batch.first_D.detach() / variance;
    const torch::Tensor second_slope = 0.5 * (1 - 1 / variance);
    loss = loss + of_aggregate *
                      ((first_slope * part.first_D).sum() + (second_slope * part.second_D).sum());
  }
  // The surrogate's own value means nothing; the law's does.
  return loss - loss.detach() + term.value;
}

}  // namespace kilonat::train
