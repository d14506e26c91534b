#pragma once
/// Official T5 folders, as they are downloaded.

#include <filesystem>
#include <memory>

#include <c10/core/Device.h>

#include "kilonat/text/t5_encoder.h"

namespace kilonat::text {

/// Reads the encoder half of a T5 (v1.0 such as t5-base; v1.1, flan-t5) from a folder that holds
///
/// - the weights: model.safetensors, or pytorch_model.bin (read by the restricted unpickler), or
///   several files and their model.safetensors.index.json or pytorch_model.bin.index.json;
/// - spiece.model, the tokenizer;
/// - config.json, if it is there: see infer_t5_options.
///
/// The decoder's weights are not read. Whatever type is stored, the model computes in float32.
/// @throws IoError if the folder or a file in it cannot be read; FormatError if a file is missing,
///         damaged or of another model.
[[nodiscard]] std::shared_ptr<T5Encoder> load_t5(const std::filesystem::path& folder,
                                                 const c10::Device& device = c10::kCPU);

/// The model alone, from one file of weights and a config.json (none: empty path).
/// @throws as load_t5.
[[nodiscard]] T5Model load_t5_model(const std::filesystem::path& weights,
                                    const std::filesystem::path& config);

}  // namespace kilonat::text
