#pragma once
/// Our autoencoders as the files that other libraries load.
///
/// | format | loaded by | what it can hold |
/// |---|---|---|
/// | diffusers | AutoencoderOobleck.from_pretrained | Oobleck with a gaussian bottleneck |
/// | stable-audio-tools | create_model_from_config, load_ckpt_state_dict | Oobleck |
/// | transformers | DacModel.from_pretrained | DAC with RVQ, mono |

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kilonat/codec/autoencoder.h"
#include "kilonat/tensor/safetensors.h"

namespace kilonat::codec {

/// The files of an exported model, yet to be written.
struct ExportedModel {
  tensor::TensorMap weights;                      ///< under their names
  std::string weights_file;                       ///< as the library expects it
  std::map<std::string, nlohmann::json> configs;  ///< by file name
};

/// The formats' names.
[[nodiscard]] const std::vector<std::string>& export_formats();

/// @param format  one of export_formats().
/// @throws ConfigError for another format, and if the format cannot express the model, naming every
///         option that it lacks: an output gate, or a bottleneck of another kind.
[[nodiscard]] ExportedModel export_model(const AutoencoderImpl& model, const std::string& format);

/// Writes the files into `folder`, which is made if need be; each is complete or not there.
/// @throws IoError.
void write_exported(const ExportedModel& exported, const std::filesystem::path& folder);

}  // namespace kilonat::codec
