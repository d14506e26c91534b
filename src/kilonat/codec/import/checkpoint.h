#pragma once
/// Foreign checkpoints as named tensors, whatever file they come in.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

namespace kilonat::codec {

/// Shapes by name.
using ShapeMap = std::map<std::string, std::vector<std::int64_t>>;

/// Tensors under their dotted path ("state_dict.encoder.block.0.bias"), read when asked for, and
/// every plain value that stood beside them, as JSON.
struct Checkpoint {
  ShapeMap shapes;
  nlohmann::json values = nlohmann::json::object();
  /// A copy on the CPU in the stored type; the name is one of `shapes`. @throws FormatError.
  std::function<at::Tensor(const std::string&)> load;
};

/// Opens a safetensors file (its metadata become `values`; texts that are JSON are parsed), a zip
/// archive of torch.save or its format before PyTorch 1.6 (read_pickle says what they may hold).
/// The file's first bytes decide.
/// @throws IoError, FormatError.
[[nodiscard]] Checkpoint open_checkpoint(const std::filesystem::path& path);

}  // namespace kilonat::codec
