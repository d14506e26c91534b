#include "kilonat/study/latent_figures.h"

#include <cmath>
#include <functional>
#include <numbers>

#include <ATen/ATen.h>
#include <torch/types.h>

#include "kilonat/base/interrupt.h"
#include "kilonat/rate/units.h"
#include "kilonat/train/codec_eval.h"

namespace kilonat::study {
namespace {

constexpr std::size_t kValidationEvery = 5;
constexpr std::int64_t kMostShiftedClips = 20;
constexpr double kRounding = 1e-10;  // of float32 means that should all be the same, squared

/// The posterior of a sound without the frames that see beyond it; undefined where none is left.
codec::Posterior inner_posterior(codec::Autoencoder& model, const torch::Tensor& audio_CT) {
  const torch::NoGradGuard no_grad;
  const torch::Device device = model->parameters().front().device();
  const codec::Latent latent = model->encode(audio_CT.unsqueeze(0).to(device));
  const std::int64_t edge = train::edge_frames(model->options());
  const std::int64_t inner = latent.posterior->mean_BDF.size(2) - 2 * edge;
  if (inner <= 0) return {};
  const auto cut = [&](const torch::Tensor& x_BDF) {
    return x_BDF[0].narrow(1, edge, inner).cpu();
  };
  return {cut(latent.posterior->mean_BDF), cut(latent.posterior->stddev_BDF)};
}

void for_each_clip(const train::ClipSet& clips,
                   const std::function<void(std::size_t, const train::Clip&)>& visit) {
  for (std::size_t i = 0; i < clips.size(); ++i) {
    throw_if_interrupted("measuring latents");
    if (const auto clip = clips.usable_clip(i)) visit(i, *clip);
  }
}

}  // namespace

std::optional<metrics::Predictability> predictability_of(codec::Autoencoder& model,
                                                         const train::ClipSet& training,
                                                         const train::ClipSet& held_out) {
  const std::int64_t width = model->options().bottleneck.latent_channels;
  metrics::LatentMoments fit(width, kContextFrames);
  metrics::LatentMoments validation(width, kContextFrames);
  metrics::LatentMoments test(width, kContextFrames);
  const auto add = [&](metrics::LatentMoments& moments, const train::Clip& clip) {
    const codec::Posterior posterior = inner_posterior(model, clip.audio_CT);
    if (posterior.mean_BDF.defined()) moments.add(posterior.mean_BDF, posterior.stddev_BDF);
  };
  for_each_clip(training, [&](std::size_t i, const train::Clip& clip) {
    add(i % kValidationEvery == 0 ? validation : fit, clip);
  });
  for_each_clip(held_out, [&](std::size_t, const train::Clip& clip) { add(test, clip); });
  if (fit.num_frames() == 0 || validation.num_frames() == 0 || test.num_frames() == 0) return {};
  return metrics::measure_predictability(fit, validation, test);
}

std::optional<double> shift_equivariance(codec::Autoencoder& model, const train::ClipSet& clips) {
  const std::int64_t half = model->hop_length() / 2;
  double squared_error = 0;
  double squared_deviation = 0;
  double energy = 0;
  std::int64_t count = 0;
  for_each_clip(clips, [&](std::size_t, const train::Clip& clip) {
    if (count++ >= kMostShiftedClips || clip.audio_CT.size(1) <= 2 * half) return;
    const torch::Tensor mean = inner_posterior(model, clip.audio_CT).mean_BDF;
    // Frame f of the sound without its first half frame sits between frames f and f + 1.
    const torch::Tensor shifted =
        inner_posterior(model, clip.audio_CT.slice(1, half).contiguous()).mean_BDF;
    if (!mean.defined() || !shifted.defined()) return;
    const std::int64_t frames = std::min(mean.size(1) - 1, shifted.size(1));
    const torch::Tensor between =
        0.5 * (mean.narrow(1, 0, frames) + mean.narrow(1, 1, frames)).to(torch::kDouble);
    const torch::Tensor actual = shifted.narrow(1, 0, frames).to(torch::kDouble);
    squared_error += (actual - between).square().sum().item<double>();
    squared_deviation += (actual - actual.mean(1, /*keepdim=*/true)).square().sum().item<double>();
    energy += actual.square().sum().item<double>();
  });
  if (squared_deviation <= kRounding * energy) return {};
  return 1 - squared_error / squared_deviation;
}

void add_latent_figures(codec::Autoencoder& model,
                        const metrics::LatentReport& report,
                        const train::ClipSet& training,
                        const train::ClipSet& held_out,
                        Point& point) {
  metrics::SpectralDecayMeter decay(model->options().bottleneck.latent_channels);
  for_each_clip(held_out, [&](std::size_t, const train::Clip& clip) {
    const torch::Tensor mean = inner_posterior(model, clip.audio_CT).mean_BDF;
    if (mean.defined()) decay.add(mean);
  });
  point.latent.emplace();
  point.latent->nats_per_channel = report.nats_per_channel;
  point.latent->active_channels = report.active_channels;
  point.latent->shift_equivariance = shift_equivariance(model, held_out);
  if (const auto spectrum = decay.decay()) point.latent->spectral_decay = spectrum->slope;
  const auto predictability = predictability_of(model, training, held_out);
  if (!predictability) return;
  const auto width = static_cast<double>(model->options().bottleneck.latent_channels);
  const double decibels_a_nat = 20 / std::numbers::ln10;
  point.latent->effective_rank = predictability->effective_rank;
  point.latent->lpc_gain_db = decibels_a_nat * predictability->linear_predictive_gain_nats / width;
  point.latent->context_kl_kbps =
      rate::kbps_from_nats(predictability->nats_per_frame, model->frame_rate_hz());
  point.rates["predictive_kbps"] =
      rate::kbps_from_nats(predictability->predictive_nats_per_frame, model->frame_rate_hz());
}

}  // namespace kilonat::study
