#pragma once
/// A module's weights by name: out of it and into it.

#include <string>

#include <torch/nn/module.h>

#include "kilonat/tensor/safetensors.h"

namespace kilonat::tensor {

/// The module's parameters by their names; they share memory with it.
[[nodiscard]] TensorMap weights_of(const torch::nn::Module& model);

/// Copies `weights` into the module, converted to its type and device.
///
/// Missing names, unknown names and other shapes are all errors; the message names the first few.
/// @param what  names the source in errors: "model 'a.safetensors'".
/// @throws FormatError; then the module is unchanged.
void load_weights(torch::nn::Module& model, const TensorMap& weights, const std::string& what);

}  // namespace kilonat::tensor
