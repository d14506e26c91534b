/// The classifier's file: weights, config and classes.

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/version.h"
#include "kilonat/config/schema.h"
#include "kilonat/metrics/sound_classifier.h"
#include "kilonat/tensor/module_weights.h"
#include "kilonat/tensor/random.h"
#include "kilonat/tensor/safetensors.h"

namespace kilonat::metrics {
namespace {

using nlohmann::json;

constexpr const char* kPrefix = "kilonat.";
constexpr const char* kFormat = "kilonat.classifier";
constexpr const char* kFormatVersion = "1";

ClassifierOptions read_options(const tensor::Metadata& metadata) {
  ClassifierOptions options;
  config::load_text(metadata.at("kilonat.config"), "its config", options);
  return options;
}

std::vector<std::string> read_classes(const tensor::Metadata& metadata) {
  const json parsed = json::parse(metadata.at("kilonat.classes"), nullptr, false);
  KILONAT_REQUIRE(
      parsed.is_array() && parsed.size() >= 2 &&
          std::all_of(
              parsed.begin(), parsed.end(), [](const json& name) { return name.is_string(); }),
      FormatError,
      "its classes are not a list of two or more names");
  return parsed.get<std::vector<std::string>>();
}

LoadedClassifier load(const tensor::SafetensorsFile& file) {
  const tensor::Metadata& metadata = file.metadata();
  const auto format = metadata.find(kFormat);
  KILONAT_REQUIRE(format != metadata.end() && metadata.contains("kilonat.config") &&
                      metadata.contains("kilonat.classes"),
                  FormatError,
                  "it is not a classifier of kilonat train-classifier");
  KILONAT_REQUIRE(format->second == kFormatVersion,
                  FormatError,
                  "found format {}, this build reads {}; update kilonat",
                  format->second,
                  kFormatVersion);
  LoadedClassifier loaded;
  loaded.network =
      SoundClassifier(read_options(metadata), read_classes(metadata), tensor::make_generator(0));
  tensor::load_weights(*loaded.network, file.tensors(), "its weights");
  loaded.network->eval();
  for (const auto& [key, text] : metadata) {
    if (key.starts_with(kPrefix)) loaded.facts[key.substr(std::string(kPrefix).size())] = text;
  }
  return loaded;
}

}  // namespace

void save_classifier(const std::filesystem::path& path,
                     const SoundClassifierImpl& classifier,
                     const std::map<std::string, std::string>& facts) {
  tensor::Metadata metadata;
  for (const auto& [key, text] : facts) metadata[kPrefix + key] = text;
  metadata[kFormat] = std::string(kFormatVersion);
  metadata["kilonat.version"] = std::string(kVersion);
  metadata["kilonat.config"] = config::to_toml(classifier.options());
  metadata["kilonat.classes"] = json(classifier.classes()).dump();
  tensor::save_safetensors(path, tensor::weights_of(classifier), metadata);
}

LoadedClassifier load_classifier(const std::filesystem::path& path) {
  const tensor::SafetensorsFile file(path);
  try {
    return load(file);
  } catch (FormatError& error) {
    error.add_context(fmt::format("loading classifier '{}'", path.string()));
    throw;
  } catch (const ConfigError& error) {
    throw FormatError(fmt::format("loading classifier '{}': {}", path.string(), error.what()));
  }
}

}  // namespace kilonat::metrics
