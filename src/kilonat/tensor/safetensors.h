#pragma once
/// Safetensors files: named tensors and text metadata.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kilonat/tensor/safetensors_header.h"

namespace kilonat::tensor {

using TensorMap = std::map<std::string, at::Tensor>;
using Metadata = std::map<std::string, std::string>;

/// An open file; tensors are read when asked for, so that a part of a large file costs its own
/// size.
class SafetensorsFile {
 public:
  /// Reads and checks the header.
  /// @throws IoError if the file cannot be read; FormatError if it is not a safetensors file (see
  ///         parse_safetensors_header).
  explicit SafetensorsFile(const std::filesystem::path& path);
  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  /// Sorted.
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] bool contains(const std::string& name) const;
  [[nodiscard]] const StoredTensor& info(const std::string& name) const;
  /// A copy on the CPU, in the stored type. @throws FormatError if there is no such tensor.
  [[nodiscard]] at::Tensor tensor(const std::string& name) const;
  /// All of them.
  [[nodiscard]] TensorMap tensors() const;
  [[nodiscard]] const Metadata& metadata() const { return header_.metadata; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t data_start_ = 0;
  SafetensorsHeader header_;
};

/// Writes the tensors (moved to the CPU, made contiguous) and metadata; atomic.
/// @throws IoError; FormatError for a type the format does not know.
void save_safetensors(const std::filesystem::path& path,
                      const TensorMap& tensors,
                      const Metadata& metadata = {});

}  // namespace kilonat::tensor
