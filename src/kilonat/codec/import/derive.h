#pragma once
/// An autoencoder's options, read off its weights.

#include <string>

#include <nlohmann/json.hpp>

#include "kilonat/codec/autoencoder_options.h"
#include "kilonat/tensor/safetensors.h"

namespace kilonat::codec {

/// Channels, widths, strides (half the taps of strided layers), bottleneck and Snake kind from
/// weights under our names with weight_g / weight_v.
///
/// What weights do not show keeps its default: sample rate, final_tanh, paddings, dropout.
/// @throws FormatError naming the layer that is missing or cannot be.
[[nodiscard]] AutoencoderOptions derive_options(const tensor::TensorMap& weights,
                                                const std::string& what);

/// Takes from a family's own config (DAC, dacvae, transformers, diffusers, stable-audio-tools; any
/// nesting of "config" and "metadata.kwargs") what weights do not show, and checks the rest.
/// @throws FormatError naming a value that differs from the weights'.
void apply_foreign_config(const nlohmann::json& config,
                          AutoencoderOptions& options,
                          const std::string& what);

}  // namespace kilonat::codec
