#pragma once
/// The text encoder of a model file, again.

#include <filesystem>
#include <memory>
#include <string>

#include <c10/core/Device.h>

#include "kilonat/text/text_encoder.h"

namespace kilonat::text {

/// Makes the encoder of which TextEncoder::description gave `description`.
///
/// A word encoder comes without its weights: its owner loads them by their names
/// (tensor::load_weights). A T5 is read from `t5_folder` and compared with the description.
/// @param t5_folder  empty: none given.
/// @throws FormatError for a damaged description; ConfigError if a T5 is needed and no folder
///         given, or if the folder holds another T5; else as load_t5.
[[nodiscard]] std::shared_ptr<TextEncoder> open_text_encoder(const std::string& description,
                                                             const std::filesystem::path& t5_folder,
                                                             const c10::Device& device = c10::kCPU);

}  // namespace kilonat::text
