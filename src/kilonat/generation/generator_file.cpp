#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/version.h"
#include "kilonat/config/schema.h"
#include "kilonat/generation/generator.h"
#include "kilonat/generation/latent_set_fields.h"
#include "kilonat/tensor/module_weights.h"
#include "kilonat/text/open_text_encoder.h"

namespace kilonat::generation {
namespace {

constexpr int kFormat = 1;
constexpr std::string_view kCodecPrefix = "codec.";
constexpr const char* kNormaliserPrefix = "normaliser.";
constexpr const char* kFormatKey = "kilonat.generator";
constexpr const char* kConfigKey = "kilonat.generator.config";
constexpr const char* kTextKey = "kilonat.generator.text";
constexpr const char* kFiguresKey = "kilonat.generator.figures";

template <class Metadata, class Visit>
void visit_figures(Metadata& metadata, Visit visit) {
  visit("training_steps", metadata.training_steps);
  visit("score", metadata.score);
  visit("typical_duration_s", metadata.typical_duration_s);
  visit_codec_fields(metadata.latents, visit);
}

void check_format(const tensor::SafetensorsFile& file) {
  const std::string name = file.path().string();
  const auto found = file.metadata().find(kFormatKey);
  KILONAT_REQUIRE(found != file.metadata().end() && file.metadata().contains(kConfigKey) &&
                      file.metadata().contains(kTextKey) && file.metadata().contains(kFiguresKey),
                  FormatError,
                  "loading '{}': it is not a generator; make one with 'kilonat train-generator'",
                  name);
  KILONAT_REQUIRE(found->second == std::to_string(kFormat),
                  FormatError,
                  "loading '{}': found generator format {}, this build reads {}; update kilonat",
                  name,
                  found->second.substr(0, 20),
                  kFormat);
}

GeneratorOptions read_options(const tensor::SafetensorsFile& file) {
  GeneratorOptions options;
  try {
    config::load_text(file.metadata().at(kConfigKey), "its config", options);
  } catch (const ConfigError& error) {
    throw FormatError(fmt::format("loading '{}': {}", file.path().string(), error.what()));
  }
  return options;
}

GeneratorMetadata read_metadata(const tensor::SafetensorsFile& file) {
  try {
    const auto figures = nlohmann::json::parse(file.metadata().at(kFiguresKey));
    GeneratorMetadata metadata;
    visit_figures(metadata, field_reader(figures));
    return metadata;
  } catch (const nlohmann::json::exception& error) {
    throw FormatError(fmt::format("loading '{}': {}", file.path().string(), error.what()));
  }
}

/// The tensors of the file by what they belong to.
struct Parts {
  tensor::TensorMap weights;
  tensor::TensorMap normaliser;
  codec::StoredModel codec;
};

Parts read_parts(const tensor::SafetensorsFile& file) {
  Parts parts;
  for (const std::string& name : file.names()) {
    if (name.starts_with(kCodecPrefix)) {
      parts.codec.tensors[name.substr(kCodecPrefix.size())] = file.tensor(name);
    } else if (name.starts_with(kNormaliserPrefix)) {
      parts.normaliser[name] = file.tensor(name);
    } else {
      parts.weights[name] = file.tensor(name);
    }
  }
  for (const auto& [key, text] : file.metadata()) {
    if (key.starts_with(kCodecPrefix)) {
      parts.codec.metadata[key.substr(kCodecPrefix.size())] = text;
    }
  }
  return parts;
}

}  // namespace

void save_generator(const std::filesystem::path& path,
                    const GeneratorImpl& model,
                    const tensor::TensorMap& weights,
                    const codec::StoredModel& codec,
                    const GeneratorMetadata& metadata) {
  tensor::TensorMap tensors = weights;
  tensors.merge(model.normaliser().state(kNormaliserPrefix));
  for (const auto& [name, tensor] : codec.tensors) {
    tensors[std::string(kCodecPrefix) + name] = tensor;
  }
  tensor::Metadata texts;
  for (const auto& [key, text] : codec.metadata) texts[std::string(kCodecPrefix) + key] = text;
  texts[kFormatKey] = std::to_string(kFormat);
  texts[kConfigKey] = config::to_toml(model.options());
  texts[kTextKey] = model.text().description();
  nlohmann::json figures;
  visit_figures(metadata, field_writer(figures));
  texts[kFiguresKey] = figures.dump();
  texts["kilonat.version"] = std::string(kVersion);
  tensor::save_safetensors(path, tensors, texts);
}

LoadedGenerator load_generator(const std::filesystem::path& path,
                               const std::filesystem::path& t5_folder,
                               const c10::Device& device) {
  const tensor::SafetensorsFile file(codec::model_file_path(path));
  check_format(file);
  const std::string name = file.path().string();
  Parts parts = read_parts(file);
  auto text = text::open_text_encoder(file.metadata().at(kTextKey), t5_folder, device);
  LoadedGenerator loaded;
  loaded.metadata = read_metadata(file);
  try {
    loaded.model =
        Generator(read_options(file),
                  std::move(text),
                  diffusion::LatentNormaliser::from_state(parts.normaliser, kNormaliserPrefix),
                  0);
  } catch (const ConfigError& error) {
    throw FormatError(fmt::format("loading '{}': {}", name, error.what()));
  }
  tensor::load_weights(*loaded.model, parts.weights, fmt::format("'{}'", name));
  loaded.model->to(device);
  loaded.model->eval();
  loaded.codec = codec::build_model(parts.codec, name + ", its codec", device);
  return loaded;
}

GeneratorDescription describe_generator(const std::filesystem::path& path) {
  const tensor::SafetensorsFile file(codec::model_file_path(path));
  check_format(file);
  GeneratorDescription description{.options = read_options(file), .metadata = read_metadata(file)};
  for (const std::string& name : file.names()) {
    if (name.starts_with(kCodecPrefix) || name.starts_with(kNormaliserPrefix)) continue;
    std::int64_t count = 1;
    for (const std::int64_t size : file.info(name).shape) count *= size;
    description.num_parameters += count;
  }
  return description;
}

bool is_generator(const std::filesystem::path& path) {
  return tensor::SafetensorsFile(codec::model_file_path(path)).metadata().contains(kFormatKey);
}

}  // namespace kilonat::generation
