#pragma once
/// A codec that trains and codes in no time, for the tests of this layer.

#include <torch/types.h>

#include "kilonat/codec/autoencoder_options.h"
#include "kilonat/tensor/random.h"

namespace kilonat::testing {

/// 8 kHz mono, 8 samples a frame, 6 latent channels.
inline codec::AutoencoderOptions small_codec(bool projections = true) {
  codec::AutoencoderOptions options;
  options.sample_rate_hz = 8000;
  options.encoder_channels = 4;
  options.encoder_strides = {2, 4};
  options.decoder_channels = 16;
  options.decoder_strides = {4, 2};
  options.bottleneck.latent_channels = 6;
  options.bottleneck.projections = projections;
  if (!projections) options.encoder_out_channels = 2 * options.bottleneck.latent_channels;
  return options;
}

/// Four excerpts of 32 frames of white noise.
inline torch::Tensor noise_batch(std::uint64_t seed) {
  return 0.3 * torch::randn({4, 1, 256}, tensor::make_generator(seed), torch::TensorOptions());
}

}  // namespace kilonat::testing
