#pragma once
/// Weights by name: a model made of them, and the forms in which weight norm is stored.

#include <string>

#include "kilonat/codec/autoencoder.h"
#include "kilonat/tensor/module_weights.h"

namespace kilonat::codec {

using tensor::load_weights;
using tensor::weights_of;

/// A model of these options with these weights, in evaluation mode on the CPU.
///
/// Nothing is allocated beyond what the weights fill: sizes are compared first.
/// @throws FormatError as load_weights, or if the options ask for more memory than there is.
[[nodiscard]] Autoencoder build_from_weights(const AutoencoderOptions& options,
                                             const tensor::TensorMap& weights,
                                             const std::string& what);

/// Brings every convolution to weight_g / weight_v and every Snake parameter to [1, C, 1], float32.
///
/// Accepts X.weight_g + X.weight_v, X.parametrizations.weight.original0 + original1, and a fused
/// X.weight of three axes (then v is the weight and g its norm). Other tensors stay.
/// @throws FormatError if a half of a pair is missing.
[[nodiscard]] tensor::TensorMap with_split_weight_norm(const tensor::TensorMap& weights,
                                                       const std::string& what);

}  // namespace kilonat::codec
