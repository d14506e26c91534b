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
#include "kilonat/train/linear_fit.h"
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
// See Note [As few as there are].
constexpr double kSpreadOfOneNat = 1.0;
constexpr double kSpreadOfFurtherNats = 1.5;
constexpr double kSilenceDb = -60;    // full scale: quieter frames count as this loud
constexpr double kLevelRidge = 1e-3;  // of the features' mean variance

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

/// Level of each inner frame of a batch in dB, silence at kSilenceDb; [B, F].
torch::Tensor frame_levels_db(codec::Autoencoder& model,
                              const torch::Tensor& x_BCT,
                              std::int64_t edge_frames) {
  const std::int64_t hop = model->hop_length();
  const std::int64_t num_frames = x_BCT.size(2) / hop;
  const torch::Tensor power_BF = x_BCT.narrow(2, 0, num_frames * hop)
                                     .square()
                                     .mean(1)
                                     .view({x_BCT.size(0), num_frames, hop})
                                     .mean(2);
  const std::int64_t inner = num_frames - 2 * edge_frames;
  const double silence = std::pow(10.0, kSilenceDb / 10);
  return 10 * (power_BF.narrow(1, edge_frames, inner) + silence).log10();
}

/// The weights [features] with which the encoder's output tells a frame's level best; undefined
/// where the sounds are all equally loud.
torch::Tensor level_direction(codec::Autoencoder& model,
                              const std::vector<torch::Tensor>& batches,
                              std::int64_t edge_frames) {
  std::vector<torch::Tensor> features;
  std::vector<torch::Tensor> levels;
  for (const torch::Tensor& x_BCT : batches) {
    const torch::Tensor level_BF = frame_levels_db(model, x_BCT, edge_frames);
    const torch::Tensor output_BCF = model->encoder(model->pad_to_frames(x_BCT));
    const torch::Tensor inner = output_BCF.narrow(2, edge_frames, level_BF.size(1));
    features.push_back(inner.transpose(1, 2).reshape({-1, inner.size(1)}));
    levels.push_back(level_BF.reshape({-1}));
  }
  const torch::Tensor x = torch::cat(features).to(torch::kDouble);
  const torch::Tensor y = torch::cat(levels).to(torch::kDouble);
  if (y.std().item<double>() < kMinSpread) return {};
  const torch::Tensor weight_C = least_squares(x, y.unsqueeze(1), kLevelRidge).weight_OI[0];
  if (weight_C.norm().item<double>() == 0) return {};
  return weight_C;
}

/// Points the spreads' rows against the level: the louder, the narrower.
void point_spreads_by_level_(const PosteriorLayer& layer, const torch::Tensor& direction_C) {
  const std::int64_t width = layer.bias.size(0) / 2;
  torch::Tensor rows = layer.weight_v.narrow(0, width, width);
  const torch::Tensor lengths = rows.flatten(1).norm(2, 1).view({-1, 1, 1});
  const torch::Tensor unit = -direction_C / direction_C.norm();
  rows.copy_(lengths * unit.to(rows.options()).view({1, -1, 1}));
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

/// That channels of so many nats have room for.
double most_spread(double channel_nats) {
  return kSpreadOfOneNat * std::min(1.0, channel_nats) +
         kSpreadOfFurtherNats * std::max(0.0, channel_nats - 1);
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
  const auto direction = parameters.find(prefix + ".weight_v");
  const auto bias = parameters.find(prefix + ".bias");
  KILONAT_REQUIRE(
      weight != parameters.end() && direction != parameters.end() && bias != parameters.end(),
      InternalError,
      "initialising the bottleneck: no parameters '{}.weight_g' and '{}.bias'",
      prefix,
      prefix);
  return {weight->second, direction->second, bias->second};
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
      .field("snake_alpha",
             options.snake_alpha,
             {.doc = "where every Snake starts: x + sin(a x)^2 / a; near 0 it lets x through",
              .min = 1e-4,
              .max = 100})
      .field("from_data",
             options.from_data,
             {.doc = "start the bottleneck from the first batches: gaussian with the prior's "
                     "moments, rvq with codebooks by k-means"})
      .field("num_batches",
             options.num_batches,
             {.doc = "gaussian: batches to measure on", .min = 1, .max = 1000})
      .field("start_factor",
             options.start_factor,
             {.doc = "gaussian: nats per frame at the start, in units of the target", .min = 0})
      .field("min_nats_per_channel",
             options.min_nats_per_channel,
             {.doc = "gaussian: but at least this many at the start",
              .unit = "nats",
              .min = 0,
              .max = 9})
      .field("spread_by_level",
             options.spread_by_level,
             {.doc = "gaussian: start with narrower posteriors where the sound is louder (with "
                     "projections)"})
      .field("relative_spread",
             options.relative_spread,
             {.doc = "gaussian: standard deviation of the spread before softplus, less where there "
                     "are few nats",
              .min = 0});
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
  const PosteriorLayer layer = posterior_layer(model);
  if (options.spread_by_level && model->options().bottleneck.projections) {
    const torch::Tensor direction_C = level_direction(model, batches, edge_frames);
    if (direction_C.defined()) point_spreads_by_level_(layer, direction_C);
  }
  const torch::Tensor output = posterior_parameters(model, batches, edge_frames);
  const torch::Tensor means = output.narrow(1, 0, width);
  const std::vector<std::int64_t> over{0, 2};
  report.mean_spread_before = means.std(at::IntArrayRef(over), false).mean().item<double>();

  const torch::Tensor raw = output.narrow(1, width, width);
  const double channel_nats = report.start_nats / static_cast<double>(width);
  const double spread = std::min(options.relative_spread, most_spread(channel_nats));
  const torch::Tensor deviation = standardised(raw, spread);
  const double center = raw_center(deviation, channel_nats);
  const torch::Tensor variance_D =
      codec::stddev_from_raw(deviation + center).square().mean(at::IntArrayRef(over));
  const torch::Tensor mean_spread_D = (1 - variance_D).clamp_min(kLeastMeanVariance).sqrt();
  rescale_rows_(layer, means, 0, 0.0, mean_spread_D);
  rescale_rows_(layer, raw, width, center, torch::full_like(mean_spread_D, spread));

  const torch::Tensor after = posterior_parameters(model, batches, edge_frames);
  report.measured_nats =
      rate_statistics(
          after.narrow(1, 0, width), codec::stddev_from_raw(after.narrow(1, width, width)), 0)
          .kl_nats.item<double>();
  return report;
}

}  // namespace kilonat::train
