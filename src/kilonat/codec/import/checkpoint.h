#pragma once
/// Foreign checkpoints as named tensors, whatever file they come in.

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "kilonat/tensor/safetensors.h"

namespace kilonat::codec {

/// Tensors under their dotted path ("state_dict.encoder.block.0.bias") and every plain value that
/// stood beside them, as JSON.
struct Checkpoint {
  tensor::TensorMap tensors;
  nlohmann::json values = nlohmann::json::object();
};

/// Reads a safetensors file (its metadata become `values`; texts that are JSON are parsed) or a zip
/// archive of torch.save (read_pickle says what it may hold). The file's first bytes decide.
/// @throws IoError, FormatError.
[[nodiscard]] Checkpoint read_checkpoint(const std::filesystem::path& path);

}  // namespace kilonat::codec
