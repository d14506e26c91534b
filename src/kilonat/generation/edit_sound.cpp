#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/generation/sound_latents.h"
#include "kilonat/generation/sounds.h"
#include "kilonat/tensor/random.h"

namespace kilonat::generation {
namespace {

constexpr double kFadeS = 0.01;

/// A span in samples.
struct Samples {
  std::int64_t first = 0;
  std::int64_t end = 0;
};

Samples samples_of(const EditRequest::Span& span,
                   std::int64_t sample_rate_hz,
                   std::int64_t num_samples) {
  const auto rate = static_cast<double>(sample_rate_hz);
  const double duration_s = static_cast<double>(num_samples) / rate;
  KILONAT_REQUIRE(span.start_s >= 0 && span.start_s < span.end_s && span.start_s < duration_s,
                  ConfigError,
                  "editing {:g} s to {:g} s: expected a span within the sound's {:.3f} s",
                  span.start_s,
                  span.end_s,
                  duration_s);
  // Cut to the sound before rounding: a span may end at infinity.
  const Samples samples{std::llround(span.start_s * rate),
                        std::llround(std::min(span.end_s, duration_s) * rate)};
  KILONAT_REQUIRE(samples.first < samples.end,
                  ConfigError,
                  "editing {:g} s to {:g} s: no sample lies between, expected a longer span",
                  span.start_s,
                  span.end_s);
  return samples;
}

/// Frames that stay: those that no sample of the span belongs to. [1, F]
torch::Tensor known_frames(const Samples& span, std::int64_t hop, std::int64_t num_frames) {
  torch::Tensor is_known_BF = torch::ones({1, num_frames}, torch::kBool);
  const std::int64_t first = std::min(num_frames - 1, span.first / hop);
  const std::int64_t end = std::clamp((span.end + hop - 1) / hop, first + 1, num_frames);
  is_known_BF.narrow(1, first, end - first).fill_(false);
  return is_known_BF;
}

/// The old sound outside the span, the new one inside, a linear cross-fade at its two ends.
torch::Tensor put_into(const torch::Tensor& old_CT,
                       const torch::Tensor& new_CT,
                       const Samples& span,
                       std::int64_t sample_rate_hz) {
  const std::int64_t length = span.end - span.first;
  const auto most = static_cast<std::int64_t>(kFadeS * static_cast<double>(sample_rate_hz));
  const std::int64_t fade = std::min(most, length / 2);
  torch::Tensor weight_T = torch::ones({length});
  if (fade > 0) {
    const torch::Tensor ramp = torch::linspace(0, 1, fade + 2).narrow(0, 1, fade);
    if (span.first > 0) weight_T.narrow(0, 0, fade).copy_(ramp);
    if (span.end < old_CT.size(1)) weight_T.narrow(0, length - fade, fade).copy_(ramp.flip(0));
  }
  torch::Tensor result_CT = old_CT.clone();
  const torch::Tensor inside_CT = new_CT.narrow(1, span.first, length);
  const torch::Tensor before_CT = old_CT.narrow(1, span.first, length);
  result_CT.narrow(1, span.first, length).copy_(before_CT + weight_T * (inside_CT - before_CT));
  return result_CT;
}

}  // namespace

torch::Tensor edit_sound(Generator& model,
                         codec::Autoencoder& codec,
                         const EditRequest& request,
                         const SoundOptions& options) {
  KILONAT_REQUIRE(request.noise > 0 && request.noise <= 1,
                  ConfigError,
                  "editing with noise {:g}: expected more than 0, at most 1",
                  request.noise);
  const torch::NoGradGuard no_grad;
  const torch::Device device = model->transformer->parameters().front().device();
  const SeedTree seed(request.seed);
  const std::int64_t num_samples = request.audio_CT.size(1);
  const std::int64_t sample_rate_hz = codec->options().sample_rate_hz;
  std::optional<Samples> span;
  if (request.span) span = samples_of(*request.span, sample_rate_hz, num_samples);

  codec::EncodeOptions how{.sample = true,
                           .generator = tensor::make_generator(seed.child("posterior").seed())};
  const torch::Tensor z_BDF =
      codec->encode(request.audio_CT.unsqueeze(0).to(device), how).latent_BDF;
  const torch::Tensor known_BCF = model->normaliser().normalise(z_BDF);
  const std::int64_t num_frames = known_BCF.size(2);
  const torch::Tensor noise_BCF =
      frame_noise(known_BCF.size(1), num_frames, seed.child("noise")).unsqueeze(0).to(device);

  const auto objective = model->options().flow.objective;
  diffusion::SamplerHooks hooks{.after_step = options.after_step};
  if (span) {
    const torch::Tensor is_known_BF = known_frames(*span, codec->hop_length(), num_frames);
    hooks.constrain =
        diffusion::keep_known(objective, known_BCF, noise_BCF, is_known_BF.to(device));
  }
  const double duration_s = static_cast<double>(num_samples) / static_cast<double>(sample_rate_hz);
  const torch::Tensor mask_BF =
      torch::ones({1, num_frames}, torch::TensorOptions(torch::kBool).device(device));
  const torch::Tensor x_BCF =
      diffusion::sample(options.sampler.solver,
                        objective,
                        velocity_of(model, {request.prompt}, {duration_s}, mask_BF, options),
                        diffusion::noised_start(objective, known_BCF, noise_BCF, request.noise),
                        diffusion::time_grid(options.sampler, objective, request.noise),
                        hooks);
  const torch::Tensor latent_DF = model->normaliser().with_diffused(z_BDF, x_BCF)[0];
  if (options.before_decoding) options.before_decoding(latent_DF);
  const torch::Tensor made_CT = decode_sound(codec, latent_DF, num_samples);
  return span ? put_into(request.audio_CT.cpu(), made_CT, *span, sample_rate_hz) : made_CT;
}

}  // namespace kilonat::generation
