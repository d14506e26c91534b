#include "kilonat/train/bottleneck_init.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/codec/gaussian.h"
#include "kilonat/config/schema.h"
#include "kilonat/train/named_tensors.h"
#include "kilonat/train/rate_terms.h"

namespace kilonat::train {
namespace {

/// A channel that moves less than this over the data says nothing (the sounds are silent): it keeps
/// its scale, since no finite one would make it vary.
constexpr double kMinSpread = 1e-6;

constexpr double kLeastStddev = 2e-4;        // of the posterior; its floor is 1e-4
constexpr double kLeastMeanVariance = 0.01;  // of the means, where the spreads leave them no room
constexpr int kBisections = 40;

/// Means and raw spreads [N, 2 D, F] of every batch, edges cut off, in one tensor.
torch::Tensor posterior_parameters(codec::Autoencoder& model,
                                   const std::vector<torch::Tensor>& batches,
                                   std::int64_t edge_frames) {
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& x_BCT : batches) {
    parts.push_back(inner_posterior_parameters(model, x_BCT, edge_frames));
  }
  return torch::cat(parts);
}

/// Makes rows [first, first + count) of the layer's output have the given moments per channel.
void rescale_rows_(const PosteriorLayer& layer,
                   const torch::Tensor& output_BDF,
                   std::int64_t first,
                   double wanted_mean,
                   const torch::Tensor& wanted_spread_D) {
  const std::int64_t count = output_BDF.size(1);
  const std::vector<std::int64_t> over{0, 2};
  const torch::Tensor mean_D = output_BDF.mean(at::IntArrayRef(over));
  const torch::Tensor spread_D = output_BDF.std(at::IntArrayRef(over), /*unbiased=*/false);
  const torch::Tensor scale_D =
      torch::where(spread_D < kMinSpread, torch::ones_like(spread_D), wanted_spread_D / spread_D);
  layer.weight_g.narrow(0, first, count).mul_(scale_D.view({-1, 1, 1}));
  torch::Tensor bias = layer.bias.narrow(0, first, count);
  bias.sub_(mean_D).mul_(scale_D).add_(wanted_mean);
}

/// The mean that raw spreads of such deviations from it must have for a mean of `nats` a channel,
/// the aggregate posterior being the prior: then K = mean(-ln stddev).
double raw_center(const torch::Tensor& deviation_BDF, double nats) {
  double low = codec::raw_from_stddev(kLeastStddev);
  double high = codec::raw_from_stddev(1.0);
  for (int i = 0; i < kBisections; ++i) {
    const double middle = 0.5 * (low + high);
    const double carried =
        -codec::stddev_from_raw(deviation_BDF + middle).log().mean().item<double>();
    (carried > nats ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

/// x [B, D, F] less its mean over batch and frames, with the standard deviation `spread`, per
/// channel; a channel that does not move stays still.
torch::Tensor standardised(const torch::Tensor& x_BDF, double spread) {
  const std::vector<std::int64_t> over{0, 2};
  const torch::Tensor centred = x_BDF - x_BDF.mean(at::IntArrayRef(over), /*keepdim=*/true);
  const torch::Tensor std = x_BDF.std(at::IntArrayRef(over), /*unbiased=*/false, /*keepdim=*/true);
  return torch::where(std < kMinSpread, centred, centred * spread / std);
}

}  // namespace

torch::Tensor inner_posterior_parameters(codec::Autoencoder& model,
                                         const torch::Tensor& x_BCT,
                                         std::int64_t edge_frames) {
  const torch::Tensor raw =
      model->gaussian->parameters_from_features(model->encoder(model->pad_to_frames(x_BCT)));
  const std::int64_t inner = raw.size(2) - 2 * edge_frames;
  KILONAT_REQUIRE(inner > 0,
                  ConfigError,
                  "measuring the bottleneck: excerpts of {} latent frames leave none without "
                  "rate.edge_frames = {} at each end",
                  raw.size(2),
                  edge_frames);
  return raw.narrow(2, edge_frames, inner);
}

PosteriorLayer posterior_layer(const codec::Autoencoder& model) {
  const auto& options = model->options();
  const std::string prefix =
      options.bottleneck.projections
          ? std::string("quantizer.in_proj")
          : fmt::format("encoder.block.{}", options.encoder_strides.size() + 2);
  const NamedTensors parameters = parameters_of(*model);
  const auto weight = parameters.find(prefix + ".weight_g");
  const auto bias = parameters.find(prefix + ".bias");
  KILONAT_REQUIRE(weight != parameters.end() && bias != parameters.end(),
                  InternalError,
                  "initialising the bottleneck: no parameters '{}.weight_g' and '{}.bias'",
                  prefix,
                  prefix);
  return {weight->second, bias->second};
}

void contract_spreads_(const PosteriorLayer& layer, double share) {
  const torch::NoGradGuard no_grad;
  const std::int64_t width = layer.bias.size(0) / 2;
  const double prior = codec::raw_from_stddev(1.0);
  layer.weight_g.narrow(0, width, width).mul_(1 - share);
  torch::Tensor bias = layer.bias.narrow(0, width, width);
  bias.sub_(prior).mul_(1 - share).add_(prior);
}

void describe(config::Schema& schema, BottleneckInitOptions& options) {
  schema
      .field(
          "gains",
          options.gains,
          {.doc = "of a new model's layers: unit keeps the signal's level through them, official "
                  "is DAC's, where it fades",
           .choices = {"unit", "official"}})
      .field("from_data",
             options.from_data,
             {.doc = "give the gaussian bottleneck the prior's moments on the first batches"})
      .field("num_batches",
             options.num_batches,
             {.doc = "batches to measure on", .min = 1, .max = 1000})
      .field("start_factor",
             options.start_factor,
             {.doc = "nats per frame at the start, in units of the target", .min = 0})
      .field("min_nats_per_channel",
             options.min_nats_per_channel,
             {.doc = "but at least this many at the start", .unit = "nats", .min = 0, .max = 9})
      .field("relative_spread",
             options.relative_spread,
             {.doc = "standard deviation of the spread before softplus", .min = 0});
}

BottleneckInitReport initialise_bottleneck_(codec::Autoencoder& model,
                                            const BottleneckInitOptions& options,
                                            double target_nats,
                                            std::int64_t edge_frames,
                                            const std::function<torch::Tensor()>& next_batch) {
  const torch::NoGradGuard no_grad;
  const std::int64_t width = model->options().bottleneck.latent_channels;
  const double most_nats = 0.95 * rate::kMaxNatsPerChannel * static_cast<double>(width);
  BottleneckInitReport report;
  report.start_nats = std::min(most_nats,
                               std::max(options.start_factor * target_nats,
                                        options.min_nats_per_channel * static_cast<double>(width)));

  std::vector<torch::Tensor> batches;
  for (std::int64_t i = 0; i < options.num_batches; ++i) batches.push_back(next_batch());
  const torch::Tensor output = posterior_parameters(model, batches, edge_frames);
  const torch::Tensor means = output.narrow(1, 0, width);
  const std::vector<std::int64_t> over{0, 2};
  report.mean_spread_before = means.std(at::IntArrayRef(over), false).mean().item<double>();

  const PosteriorLayer layer = posterior_layer(model);
  const torch::Tensor raw = output.narrow(1, width, width);
  const torch::Tensor deviation = standardised(raw, options.relative_spread);
  const double center = raw_center(deviation, report.start_nats / static_cast<double>(width));
  const torch::Tensor variance_D =
      codec::stddev_from_raw(deviation + center).square().mean(at::IntArrayRef(over));
  const torch::Tensor mean_spread_D = (1 - variance_D).clamp_min(kLeastMeanVariance).sqrt();
  rescale_rows_(layer, means, 0, 0.0, mean_spread_D);
  rescale_rows_(
      layer, raw, width, center, torch::full_like(mean_spread_D, options.relative_spread));

  const torch::Tensor after = posterior_parameters(model, batches, edge_frames);
  report.measured_nats =
      rate_statistics(
          after.narrow(1, 0, width), codec::stddev_from_raw(after.narrow(1, width, width)), 0)
          .kl_nats.item<double>();
  return report;
}

}  // namespace kilonat::train
