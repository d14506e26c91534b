#include "kilonat/train/rate_calibration.h"

#include <cmath>
#include <vector>

#include <ATen/ATen.h>

#include "kilonat/codec/gaussian.h"
#include "kilonat/train/bottleneck_init.h"
#include "kilonat/train/rate_terms.h"

namespace kilonat::train {
namespace {

constexpr int kBisections = 40;  // to 1e-12

/// Means and raw spreads [N, 2 D, F] over all excerpts, edges cut off.
torch::Tensor posterior_parameters(codec::Autoencoder& model,
                                   std::int64_t num_batches,
                                   std::int64_t edge_frames,
                                   const std::function<torch::Tensor()>& next_batch) {
  std::vector<torch::Tensor> parts;
  for (std::int64_t i = 0; i < num_batches; ++i) {
    parts.push_back(inner_posterior_parameters(model, next_batch(), edge_frames));
  }
  return torch::cat(parts);
}

/// K with the raw spreads contracted by `share`.
double nats_of(const torch::Tensor& parameters_B2DF, double share) {
  const std::int64_t width = parameters_B2DF.size(1) / 2;
  const double prior = codec::raw_from_stddev(1.0);
  const torch::Tensor raw = prior + (1 - share) * (parameters_B2DF.narrow(1, width, width) - prior);
  return rate_statistics(
             parameters_B2DF.narrow(1, 0, width), codec::stddev_from_raw(raw), /*edge_frames=*/0)
      .kl_nats.item<double>();
}

/// The contraction that gives `target_nats`, if there is one: a larger one always carries less.
std::optional<double> solve_contraction(const torch::Tensor& parameters_B2DF, double target_nats) {
  double low = -kMaxContraction;
  double high = kMaxContraction;
  if (nats_of(parameters_B2DF, low) < target_nats) return {};
  if (nats_of(parameters_B2DF, high) > target_nats) return {};
  for (int i = 0; i < kBisections; ++i) {
    const double middle = 0.5 * (low + high);
    (nats_of(parameters_B2DF, middle) > target_nats ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

double mean_nats(codec::Autoencoder& model,
                 std::int64_t num_batches,
                 std::int64_t edge_frames,
                 const std::function<torch::Tensor()>& next_batch) {
  const torch::NoGradGuard no_grad;
  return nats_of(posterior_parameters(model, num_batches, edge_frames, next_batch), 0);
}

std::optional<double> calibrate_rate_(codec::Autoencoder& model,
                                      double target_nats,
                                      double max_relative_error,
                                      std::int64_t num_batches,
                                      std::int64_t edge_frames,
                                      const std::function<torch::Tensor()>& next_batch) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor parameters =
      posterior_parameters(model, num_batches, edge_frames, next_batch);
  const double nats = nats_of(parameters, 0);
  if (!std::isfinite(nats) || std::abs(nats / target_nats - 1) > max_relative_error) return {};
  const std::optional<double> share = solve_contraction(parameters, target_nats);
  if (share) contract_spreads_(posterior_layer(model), *share);
  return share;
}

}  // namespace kilonat::train
