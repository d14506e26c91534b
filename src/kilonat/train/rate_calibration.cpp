#include "kilonat/train/rate_calibration.h"

#include <cmath>
#include <vector>

#include <ATen/ATen.h>

#include "kilonat/codec/gaussian.h"
#include "kilonat/train/bottleneck_init.h"
#include "kilonat/train/rate_terms.h"

namespace kilonat::train {
namespace {

constexpr double kMaxShift = 1.0;  // of the raw spread: about a nat a channel
constexpr int kBisections = 40;    // to 1e-12 of it

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

double nats_of(const torch::Tensor& parameters_B2DF, double shift) {
  const std::int64_t width = parameters_B2DF.size(1) / 2;
  const torch::Tensor raw = parameters_B2DF.narrow(1, width, width) + shift;
  return rate_statistics(
             parameters_B2DF.narrow(1, 0, width), codec::stddev_from_raw(raw), /*edge_frames=*/0)
      .kl_nats.item<double>();
}

/// The shift within +-kMaxShift that gives `target_nats`: a wider posterior carries less.
double solve_shift(const torch::Tensor& parameters_B2DF, double target_nats) {
  double low = -kMaxShift;
  double high = kMaxShift;
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
  const double shift = solve_shift(parameters, target_nats);
  torch::Tensor bias = posterior_layer(model).bias;
  const std::int64_t width = bias.size(0) / 2;
  bias.narrow(0, width, width).add_(shift);
  return shift;
}

}  // namespace kilonat::train
