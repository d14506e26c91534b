#pragma once
/// Official checkpoints of DAC, dacvae and Oobleck as Kilonat models.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kilonat/codec/autoencoder.h"

namespace kilonat::codec {

struct ImportOptions {
  /// dac, dacvae or oobleck; empty: whatever the names of the weights show.
  std::string family{};
  /// The family's config (JSON); empty: what the checkpoint holds, else config.json or
  /// model_config.json beside it, if there.
  std::filesystem::path config{};
  std::int64_t sample_rate_hz = 0;  ///< 0: from the config
  bool match_official = false;      ///< see AutoencoderOptions
};

struct ImportedModel {
  Autoencoder model{nullptr};  ///< in evaluation mode
  std::string family{};
  std::string key_style;             ///< see NamedWeights
  std::string prefix;                ///< where in the checkpoint the autoencoder was
  std::vector<std::string> ignored;  ///< parameters left out (dacvae: the watermark's)
};

/// Reads a checkpoint (.safetensors, or a zip of torch.save: .pth, .ckpt, .pt).
///
/// Shapes, strides and widths come from the weights; a config adds the sample rate and is checked.
/// @throws IoError; FormatError for corrupt files and for whatever does not fit the family, naming
///         it; ConfigError for an unknown family, or if the sample rate is not known.
[[nodiscard]] ImportedModel import_checkpoint(const std::filesystem::path& path,
                                              const ImportOptions& how = {});

}  // namespace kilonat::codec
