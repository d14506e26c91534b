#include <algorithm>
#include <vector>

#include <ATen/ATen.h>
#include <torch/types.h>

#include "kilonat/generation/sound_latents.h"
#include "kilonat/generation/sounds.h"
#include "kilonat/tensor/random.h"

namespace kilonat::generation {
namespace {

/// Where the sounds start: B rows of noise, each as long as its sound, zero beyond.
struct Start {
  std::vector<std::int64_t> num_samples;
  std::vector<std::int64_t> num_frames;
  torch::Tensor noise_BCF;
  torch::Tensor frame_mask_BF;
};

Start start_of(std::span<const SoundRequest> requests,
               const codec::Autoencoder& codec,
               std::int64_t num_channels) {
  Start start;
  for (const SoundRequest& request : requests) {
    start.num_samples.push_back(num_samples_of(codec, request.duration_s));
    start.num_frames.push_back(codec->num_frames(start.num_samples.back()));
  }
  const auto batch = static_cast<std::int64_t>(requests.size());
  const std::int64_t longest = *std::max_element(start.num_frames.begin(), start.num_frames.end());
  start.noise_BCF = torch::zeros({batch, num_channels, longest});
  start.frame_mask_BF = torch::zeros({batch, longest}, torch::kBool);
  for (std::int64_t b = 0; b < batch; ++b) {
    const auto row = static_cast<std::size_t>(b);
    const std::int64_t frames = start.num_frames[row];
    const SeedTree seed = SeedTree(requests[row].seed).child("noise");
    start.noise_BCF[b].narrow(1, 0, frames).copy_(frame_noise(num_channels, frames, seed));
    start.frame_mask_BF[b].narrow(0, 0, frames).fill_(true);
  }
  return start;
}

/// The latents [D, F] of a row; channels that are not diffused are drawn from its seed.
torch::Tensor latent_of(const diffusion::LatentNormaliser& normaliser,
                        const torch::Tensor& x_CF,
                        std::uint64_t seed) {
  const at::Generator generator =
      tensor::make_generator(SeedTree(seed).child("other channels").seed());
  return normaliser.denormalise(x_CF.unsqueeze(0), generator)[0];
}

}  // namespace

std::vector<torch::Tensor> generate_sounds(Generator& model,
                                           codec::Autoencoder& codec,
                                           std::span<const SoundRequest> requests,
                                           const SoundOptions& options) {
  if (requests.empty()) return {};
  const torch::NoGradGuard no_grad;
  const torch::Device device = model->transformer->parameters().front().device();
  const Start start = start_of(requests, codec, model->normaliser().num_diffused());
  std::vector<std::string> prompts;
  std::vector<double> durations_s;
  for (const SoundRequest& request : requests) {
    prompts.push_back(request.prompt);
    durations_s.push_back(request.duration_s);
  }
  const auto objective = model->options().flow.objective;
  const torch::Tensor x_BCF = diffusion::sample(
      options.sampler.solver,
      objective,
      velocity_of(model, prompts, durations_s, start.frame_mask_BF.to(device), options),
      start.noise_BCF.to(device),
      diffusion::time_grid(options.sampler, objective),
      {.after_step = options.after_step});
  std::vector<torch::Tensor> sounds;
  for (std::size_t row = 0; row < requests.size(); ++row) {
    const torch::Tensor x_CF =
        x_BCF[static_cast<std::int64_t>(row)].narrow(1, 0, start.num_frames[row]);
    const torch::Tensor latent_DF = latent_of(model->normaliser(), x_CF, requests[row].seed);
    if (options.before_decoding) options.before_decoding(latent_DF);
    sounds.push_back(decode_sound(codec, latent_DF, start.num_samples[row]));
  }
  return sounds;
}

}  // namespace kilonat::generation
