#pragma once
/// How the published families name their parameters, translated to the names of the official DAC
/// code, which are ours.

#include <map>
#include <string>
#include <vector>

#include "kilonat/codec/import/checkpoint.h"

namespace kilonat::codec {

/// Where a checkpoint keeps its autoencoder.
struct NamedWeights {
  std::map<std::string, std::string> theirs;  ///< our name: the checkpoint's
  std::string key_style;             ///< "dac", "transformers", "dacvae", "diffusers" or "sat"
  std::string prefix;                ///< what stood before the names: "pretransform.model."
  std::vector<std::string> ignored;  ///< names under the prefix that are not part of the model
};

/// Finds the autoencoder in a checkpoint, by its first layer's name, and names its parameters.
///
/// Several may be there (a trainer's weights and their moving average): the moving average is
/// taken, then the shortest prefix.
/// @throws FormatError if there is none.
[[nodiscard]] NamedWeights find_autoencoder(const ShapeMap& shapes, const std::string& what);

}  // namespace kilonat::codec
