#pragma once
/// Where a new gaussian bottleneck starts: from the data, before step 0.
///
/// Note [Why the start matters]: at random weights the encoder's means hardly react to the sound
/// (some 0.01 nats), so a law that asks for nats finds a constant offset first. Here the affine
/// layer that makes means and spreads is rescaled per channel so that, over the first batches,
/// the aggregate posterior has zero mean and unit variance, N(0, 1)'s moments: then A = 0 and every
/// nat of K is about the sound.

#include <cstdint>
#include <functional>
#include <string>

#include <torch/types.h>

#include "kilonat/codec/autoencoder.h"

///
/// Note [Loud frames first]: how nats are shared between frames settles slowly, since near its
/// target a rate is worth little to the loss. Where every frame starts with the same spread,
/// silence still carried as many nats as a bark after 2500 steps at 8 kbit/s. So with
/// `spread_by_level` the raw spreads start as that function of the encoder's features which best
/// tells a frame's level (ridge regression over the first batches): narrow where it is loud, as
/// reverse water-filling would have it, and training goes on from there. What it does by itself has
/// not been measured; at 8 kbit/s it lasts if the spreads differ enough (docs/reproduce.md).
///
/// Note [As few as there are]: a channel that starts with few nats has no room for spreads that
/// differ much: quiet frames would start wider than the prior, which costs nats and tells nothing.
/// tiny16 at 0.5 and 1 kbit/s (1 nat a channel at the start) learnt no waveform from a spread of 2
/// (SI-SDR -45 dB), and did from 1; at 2 kbit/s (1.7 nats) it did from 2. So one nat takes a spread
/// of 1, and every further nat 1.5 more.

namespace kilonat::config {
class Schema;
}

namespace kilonat::train {

/// The section [init].
struct BottleneckInitOptions {
  std::string gains = "unit";         ///< unit (gain_init.h) or official: as DAC's code
  double snake_alpha = 1.0;           ///< of every Snake; see Note [Almost linear] in gain_init.h
  bool from_data = true;              ///< false: keep the random weights
  std::int64_t num_batches = 4;       ///< to measure on
  double start_factor = 2.0;          ///< K at the start, in units of the target ..
  double min_nats_per_channel = 1.0;  ///< .. but at least this many for each latent channel
  bool spread_by_level = true;        ///< see Note [Loud frames first]
  double relative_spread = 1.0;       ///< standard deviation of the raw (pre-softplus) spread, at
                                      ///< most; see Note [As few as there are]
};

void describe(config::Schema& schema, BottleneckInitOptions& options);

/// The affine layer whose output is the means and raw (pre-softplus) spreads: the input projection
/// or, without projections, the encoder's last convolution. The tensors are the model's own.
struct PosteriorLayer {
  torch::Tensor weight_g;  ///< [2 D, 1, 1]: D means, then D raw spreads
  torch::Tensor weight_v;  ///< [2 D, features, taps]
  torch::Tensor bias;      ///< [2 D]
};

/// REQUIRES: the model's bottleneck is gaussian.
[[nodiscard]] PosteriorLayer posterior_layer(const codec::Autoencoder& model);

/// Takes every raw spread that the layer makes the share `share` of its way to the prior's, where
/// stddev = 1: raw' = prior + (1 - share) (raw - prior). Below 0: away from it. Means stay.
void contract_spreads_(const PosteriorLayer& layer, double share);

/// Means and raw (pre-softplus) spreads of a batch of excerpts, without the frames at their edges.
/// @param x_BCT [B, C, T] on the model's device -> [B, 2 D, F]. @throws ConfigError if no frame is
/// left. REQUIRES: the model's bottleneck is gaussian.
[[nodiscard]] torch::Tensor inner_posterior_parameters(codec::Autoencoder& model,
                                                       const torch::Tensor& x_BCT,
                                                       std::int64_t edge_frames);

/// What the initialisation found and set.
struct BottleneckInitReport {
  double mean_spread_before = 0;  ///< standard deviation of the means over the data, before
  double start_nats = 0;          ///< K aimed at
  double measured_nats = 0;       ///< K on the same batches afterwards
};

/// Rescales the posterior layer.
///
/// With K_start spread evenly, the stddev is s = exp(-K_start / D) and the means get variance
/// 1 - s^2, so that mean^2 + s^2 averages to 1 and K = -ln s per channel.
///
/// @param next_batch   gives audio [B, C, T] on the model's device.
/// @param edge_frames  latent frames at each end that are not measured.
/// REQUIRES: the model's bottleneck is gaussian.
BottleneckInitReport initialise_bottleneck_(codec::Autoencoder& model,
                                            const BottleneckInitOptions& options,
                                            double target_nats,
                                            std::int64_t edge_frames,
                                            const std::function<torch::Tensor()>& next_batch);

}  // namespace kilonat::train
