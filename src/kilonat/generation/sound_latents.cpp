#include "kilonat/generation/sound_latents.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <ATen/ATen.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/codec/streaming.h"

namespace kilonat::generation {

torch::Tensor frame_noise(std::int64_t num_channels,
                          std::int64_t num_frames,
                          const SeedTree& seed) {
  torch::Tensor noise_FC = torch::empty({num_frames, num_channels});
  Rng rng(seed);
  float* value = noise_FC.data_ptr<float>();
  for (std::int64_t i = 0; i < noise_FC.numel(); ++i) value[i] = static_cast<float>(rng.normal());
  return noise_FC.t().contiguous();
}

diffusion::Velocity velocity_of(Generator& model,
                                const std::vector<std::string>& prompts,
                                const std::vector<double>& durations_s,
                                const torch::Tensor& frame_mask_BF,
                                const SoundOptions& options) {
  const torch::Device device = frame_mask_BF.device();
  diffusion::Request request;
  request.text = model->text().encode(prompts);
  request.duration_s_B = torch::tensor(durations_s, torch::kDouble).to(torch::kFloat).to(device);
  request.frame_mask_BF = frame_mask_BF;
  if (!options.negative.empty()) {
    request.negative =
        model->text().encode(std::vector<std::string>(prompts.size(), options.negative));
  }
  return diffusion::guided_velocity(model->transformer, std::move(request), options.guidance);
}

torch::Tensor decode_sound(codec::Autoencoder& codec,
                           const torch::Tensor& latent_DF,
                           std::int64_t num_samples) {
  std::vector<torch::Tensor> pieces;
  codec::StreamingDecoder decoder(
      codec, [&](const torch::Tensor& audio_CT) { pieces.push_back(audio_CT.cpu()); });
  decoder.push(latent_DF);
  decoder.finish(num_samples);
  return torch::cat(pieces, 1);
}

std::int64_t num_samples_of(const codec::Autoencoder& codec, double duration_s) {
  constexpr double kMostSeconds = 1e6;  // far beyond what fits into memory
  KILONAT_REQUIRE(duration_s > 0 && duration_s <= kMostSeconds,
                  ConfigError,
                  "generating a sound of {} s: expected more than 0, at most {:g}",
                  duration_s,
                  kMostSeconds);
  const auto rate = static_cast<double>(codec->options().sample_rate_hz);
  return std::max<std::int64_t>(1, std::llround(duration_s * rate));
}

}  // namespace kilonat::generation
