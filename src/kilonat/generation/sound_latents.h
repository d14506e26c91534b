#pragma once
/// What generating and editing share: a sound's noise, its request, its way through the decoder.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kilonat/base/seed_tree.h"
#include "kilonat/generation/sounds.h"

namespace kilonat::generation {

/// Standard normal [C, F] on the CPU, drawn frame by frame, so that more frames begin with the same
/// ones (torch::randn gives no such promise). C diffused channels, F frames.
[[nodiscard]] at::Tensor frame_noise(std::int64_t num_channels,
                                     std::int64_t num_frames,
                                     const SeedTree& seed);

/// The prompts as the sampler's velocity. @param frame_mask_BF bool.
[[nodiscard]] diffusion::Velocity velocity_of(Generator& model,
                                              const std::vector<std::string>& prompts,
                                              const std::vector<double>& durations_s,
                                              const at::Tensor& frame_mask_BF,
                                              const SoundOptions& options);

/// Latents [D, F] to audio [C, num_samples] on the CPU, in bounded memory beyond it.
[[nodiscard]] at::Tensor decode_sound(codec::Autoencoder& codec,
                                      const at::Tensor& latent_DF,
                                      std::int64_t num_samples);

/// Samples of a duration at the codec's rate, at least one. @throws ConfigError unless positive.
[[nodiscard]] std::int64_t num_samples_of(const codec::Autoencoder& codec, double duration_s);

}  // namespace kilonat::generation
