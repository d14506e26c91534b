#pragma once
/// Random weights for a new autoencoder.

#include <ATen/core/Generator.h>

#include "kilonat/codec/autoencoder.h"

namespace kilonat::codec {

/// Sets every parameter, in the order of their names, from `generator`.
///
/// Note [DAC's effective initialisation]: DAC's init_weights draws conv weights from a truncated
/// normal (0.02), but after weight_norm has made them derived values, so the draw is lost. What
/// remains is PyTorch's default: direction U(-b, b), b = 1 / sqrt(fan in), magnitude its norm; bias
/// 0 in convolutions, U(-b, b) in transposed ones and (as dacvae) in the gaussian projections.
/// Codebooks are N(0, 1); Snake starts from a = b = 1.
void initialise(AutoencoderImpl& model, at::Generator generator);

}  // namespace kilonat::codec
