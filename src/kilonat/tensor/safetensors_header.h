#pragma once
/// The header of a safetensors file: JSON that names tensors and where their bytes lie. No torch.
///
/// Source: the format description of huggingface/safetensors (README, "Format").

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kilonat::tensor {

/// Element types of the format that Kilonat reads.
enum class StoredType { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };

[[nodiscard]] int stored_type_bytes(StoredType type);
[[nodiscard]] std::string_view stored_type_name(StoredType type);

/// One tensor; offsets count from the end of the header.
struct StoredTensor {
  StoredType type = StoredType::kF32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// The reference reader's limit on the JSON's length.
inline constexpr std::uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;

/// Reads the JSON of a header and checks it against the number of data bytes that follow it.
///
/// @param what  names the file in errors: "model 'a.safetensors'".
/// @throws FormatError for bad JSON, doubled names, unknown types, negative or overflowing shapes,
///         offsets out of range, overlapping tensors, bytes that belong to no tensor.
[[nodiscard]] SafetensorsHeader parse_safetensors_header(std::string_view json,
                                                         std::uint64_t num_data_bytes,
                                                         const std::string& what);

}  // namespace kilonat::tensor
