#pragma once
/// Weights of published embedding networks, taken by their official names.

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include "kilonat/codec/import/checkpoint.h"

namespace kilonat::metrics {

/// A checkpoint (safetensors or torch.save) of which a network takes tensor by tensor.
class OfficialWeights {
 public:
  /// Finds where the checkpoint keeps the network by the name of one of its tensors:
  /// "model.bn0.weight" has the prefix "model.".
  /// @throws IoError, FormatError; FormatError if no tensor has this name.
  OfficialWeights(const std::filesystem::path& path, std::string_view anchor);

  [[nodiscard]] bool contains(const std::string& name) const;
  /// float32 on the CPU. @param shape  tensor::kAny for any size.
  /// @throws FormatError if it is missing or of another shape.
  [[nodiscard]] at::Tensor take(const std::string& name, std::initializer_list<std::int64_t> shape);
  /// Marks tensors that a network does not need. @param pattern  a part of their names.
  void skip(std::string_view pattern);
  /// @throws FormatError naming a tensor that was neither taken nor skipped: another network.
  void require_all_taken() const;

  /// What stood beside the tensors.
  [[nodiscard]] const nlohmann::json& values() const { return checkpoint_.values; }
  [[nodiscard]] const std::string& what() const { return what_; }

 private:
  codec::Checkpoint checkpoint_;
  std::string what_;
  std::string prefix_;
  std::set<std::string> left_;  // without the prefix
};

}  // namespace kilonat::metrics
