#pragma once
/// Starting a run from an existing autoencoder: `kilonat train CONF --init MODEL`.

#include <filesystem>

#include "kilonat/codec/autoencoder.h"

namespace kilonat::train {

/// What was taken over.
struct InitialWeights {
  bool has_bottleneck = false;  ///< false: the bottleneck keeps the values it had
};

/// Copies a model's weights into `model`. Encoder and decoder must fit exactly. So must the
/// bottleneck, if it is of the same kind; one of another kind is left out (an official DAC has RVQ
/// where a VAE has its gaussian), which the log says, and the new one stays as initialised. Options
/// that differ without changing a shape (sample rate, padding, final tanh, gate) are warned of by
/// name: ours are kept.
///
/// @param path  a model file or run folder.
/// @throws FormatError that names the tensors whose shapes differ, are missing or are left over;
///         IoError and FormatError as codec::load_model.
InitialWeights load_initial_weights_(codec::Autoencoder& model, const std::filesystem::path& path);

}  // namespace kilonat::train
