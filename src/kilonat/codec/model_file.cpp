#include "kilonat/codec/model_file.h"

#include <charconv>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/version.h"
#include "kilonat/codec/weights.h"
#include "kilonat/config/schema.h"

namespace kilonat::codec {

namespace {

constexpr const char* kPrefix = "kilonat.";
constexpr const char* kStatistics = "stats.";

/// Visits every number and text of the metadata with its key, for writing and reading alike.
template <class Metadata, class Visit>
void visit_fields(Metadata& metadata, Visit visit) {
  visit("target_kbps", metadata.target_kbps);
  visit("rate_kbps", metadata.rate_kbps);
  visit("informative_kbps", metadata.informative_kbps);
  visit("excerpt_kbps", metadata.excerpt_kbps);
  visit("nats_per_frame", metadata.nats_per_frame);
  visit("training_steps", metadata.training_steps);
  visit("origin", metadata.origin);
  visit("version", metadata.version);
}

template <class Metadata, class Visit>
void visit_statistics(Metadata& metadata, Visit visit) {
  visit("aggregate_mean", metadata.aggregate_mean_D);
  visit("aggregate_var", metadata.aggregate_variance_D);
  visit("nats_per_channel", metadata.nats_per_channel_D);
}

template <class Number>
void parse_number(const std::string& text, Number& number, const std::string& place) {
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  bool valid = parsed.ec == std::errc() && parsed.ptr == end;
  if constexpr (std::is_floating_point_v<Number>) valid = valid && std::isfinite(number);
  KILONAT_REQUIRE(valid, FormatError, "{}: '{}' is not a number", place, text.substr(0, 40));
}

/// What describes a model, wherever it is stored.
struct Source {
  std::string name;  ///< in errors: a path
  const tensor::Metadata& metadata;
  std::function<at::Tensor(const std::string&)> tensor;  ///< by name; undefined: there is none
};

Source source_of(const tensor::SafetensorsFile& file) {
  return {file.path().string(), file.metadata(), [&file](const std::string& name) {
            return file.contains(name) ? file.tensor(name) : at::Tensor();
          }};
}

Source source_of(const StoredModel& stored, const std::string& name) {
  return {name, stored.metadata, [&stored](const std::string& tensor) {
            const auto found = stored.tensors.find(tensor);
            return found != stored.tensors.end() ? found->second : at::Tensor();
          }};
}

void check_format(const Source& source) {
  const std::string& name = source.name;
  const auto found = source.metadata.find(std::string(kPrefix) + "format");
  KILONAT_REQUIRE(found != source.metadata.end() && source.metadata.contains("kilonat.config"),
                  FormatError,
                  "loading '{}': it is not a Kilonat model; if it is a DAC, dacvae or Oobleck "
                  "checkpoint, run 'kilonat import' first",
                  name);
  int format = 0;
  parse_number(found->second, format, fmt::format("loading '{}': format", name));
  KILONAT_REQUIRE(format >= 1 && format <= kModelFormat,
                  FormatError,
                  "loading '{}': found format {}, this build reads 1 to {}; update kilonat",
                  name,
                  format,
                  kModelFormat);
}

AutoencoderOptions read_options(const Source& source) {
  AutoencoderOptions options;
  try {
    config::load_text(source.metadata.at("kilonat.config"), "its config", options);
    check(options);
  } catch (const ConfigError& error) {
    throw FormatError(fmt::format("loading '{}': {}", source.name, error.what()));
  }
  return options;
}

ModelMetadata read_metadata(const Source& source) {
  ModelMetadata metadata;
  std::map<std::string, std::string> left;
  for (const auto& [key, text] : source.metadata) {
    if (key.starts_with(kPrefix)) left[key.substr(std::string(kPrefix).size())] = text;
  }
  left.erase("format");
  left.erase("config");
  visit_fields(metadata, [&](const std::string& key, auto& value) {
    const auto found = left.find(key);
    if (found == left.end()) return;
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) {
      value = found->second;
    } else {
      parse_number(found->second, value, fmt::format("loading '{}': {}", source.name, key));
    }
    left.erase(found);
  });
  visit_statistics(metadata, [&](const std::string& key, at::Tensor& value) {
    value = source.tensor(kStatistics + key);
  });
  metadata.extra = std::move(left);
  return metadata;
}

/// Statistics of another width than the latent's would be believed by every report.
void check_statistics(const ModelDescription& description, const std::string& name) {
  const std::int64_t width = description.options.bottleneck.latent_channels;
  visit_statistics(description.metadata, [&](const std::string& key, const at::Tensor& value) {
    KILONAT_REQUIRE(!value.defined() || (value.dim() == 1 && value.size(0) == width),
                    FormatError,
                    "loading '{}': '{}{}' does not have one value for each of {} latent channels",
                    name,
                    kStatistics,
                    key,
                    width);
  });
}

ModelDescription read_description(const Source& source) {
  check_format(source);
  ModelDescription description{.options = read_options(source), .metadata = read_metadata(source)};
  check_statistics(description, source.name);
  return description;
}

}  // namespace

std::filesystem::path model_file_path(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored) ? path / "model.safetensors" : path;
}

void save_model(const std::filesystem::path& path,
                const AutoencoderImpl& model,
                const ModelMetadata& metadata) {
  save_model(path, model.options(), weights_of(model), metadata);
}

void save_model(const std::filesystem::path& path,
                const AutoencoderOptions& options,
                const tensor::TensorMap& weights,
                const ModelMetadata& metadata) {
  tensor::TensorMap tensors = weights;
  visit_statistics(metadata, [&](const std::string& key, const at::Tensor& value) {
    if (value.defined()) tensors[kStatistics + key] = value.to(torch::kFloat32);
  });
  tensor::Metadata texts;
  for (const auto& [key, text] : metadata.extra) texts[kPrefix + key] = text;
  visit_fields(metadata, [&](const std::string& key, const auto& value) {
    texts[kPrefix + key] = fmt::format("{}", value);
  });
  texts["kilonat.version"] = std::string(kVersion);
  texts["kilonat.format"] = std::to_string(kModelFormat);
  texts["kilonat.config"] = config::to_toml(options);
  tensor::save_safetensors(path, tensors, texts);
}

StoredModel read_stored_model(const std::filesystem::path& path) {
  const tensor::SafetensorsFile file(model_file_path(path));
  return {file.tensors(), file.metadata()};
}

LoadedModel build_model(const StoredModel& stored,
                        const std::string& name,
                        const c10::Device& device) {
  ModelDescription description = read_description(source_of(stored, name));
  tensor::TensorMap weights;
  for (const auto& [key, tensor] : stored.tensors) {
    if (!key.starts_with(kStatistics)) weights[key] = tensor;
  }
  const std::string what = fmt::format("'{}'", name);
  LoadedModel loaded{
      .model = build_from_weights(description.options, with_split_weight_norm(weights, what), what),
      .metadata = std::move(description.metadata)};
  loaded.model->to(device);
  return loaded;
}

LoadedModel load_model(const std::filesystem::path& path, const c10::Device& device) {
  const tensor::SafetensorsFile file(model_file_path(path));
  (void)read_description(source_of(file));  // before the weights are read: they may be large
  return build_model({file.tensors(), file.metadata()}, file.path().string(), device);
}

ModelDescription describe_model(const std::filesystem::path& path) {
  const tensor::SafetensorsFile file(model_file_path(path));
  return read_description(source_of(file));
}

}  // namespace kilonat::codec
