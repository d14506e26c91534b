#include "kilonat/text/t5_folder.h"

#include <cerrno>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/printable.h"
#include "kilonat/codec/import/checkpoint.h"
#include "kilonat/tensor/module_weights.h"

namespace kilonat::text {

namespace {

using nlohmann::json;

const char* const kTable = "shared.weight";
const char* const kTableAlias = "encoder.embed_tokens.weight";

bool is_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

json read_json(const std::filesystem::path& path) {
  json values = json::parse(read_text(path), nullptr, /*allow_exceptions=*/false);
  KILONAT_REQUIRE(!values.is_discarded(), FormatError, "reading '{}': not JSON", path.string());
  return values;
}

/// The files that an index of weights in several parts names; they lie beside it.
std::set<std::string> parts_of(const std::filesystem::path& index) {
  const json values = read_json(index);
  std::set<std::string> parts;
  const auto map = values.is_object() ? values.find("weight_map") : values.end();
  KILONAT_REQUIRE(map != values.end() && map->is_object(),
                  FormatError,
                  "reading '{}': it has no weight_map",
                  index.string());
  for (const auto& [name, part] : map->items()) {
    const std::string file = part.is_string() ? part.get<std::string>() : "";
    KILONAT_REQUIRE(!file.empty() && std::filesystem::path(file).filename() == file,
                    FormatError,
                    "reading '{}': '{}' is not in a file beside it",
                    index.string(),
                    printable(name));
    parts.insert(file);
  }
  return parts;
}

/// The tensors of all parts together.
codec::Checkpoint open_parts(const std::filesystem::path& index) {
  codec::Checkpoint all;
  std::map<std::string, std::function<at::Tensor(const std::string&)>> loaders;
  for (const std::string& part : parts_of(index)) {
    codec::Checkpoint checkpoint = codec::open_checkpoint(index.parent_path() / part);
    for (const auto& [name, shape] : checkpoint.shapes) {
      all.shapes[name] = shape;
      loaders[name] = checkpoint.load;
    }
  }
  all.load = [loaders](const std::string& name) { return loaders.at(name)(name); };
  return all;
}

codec::Checkpoint open_weights(const std::filesystem::path& path) {
  return path.extension() == ".json" ? open_parts(path) : codec::open_checkpoint(path);
}

/// The tensors of the encoder under our names, in float32.
tensor::TensorMap encoder_weights(const codec::Checkpoint& checkpoint) {
  tensor::TensorMap weights;
  for (const auto& [name, shape] : checkpoint.shapes) {
    if (!name.starts_with("encoder.") || name == kTableAlias) continue;
    weights[name] = checkpoint.load(name).to(torch::kFloat32);
  }
  // Either name of the table may be absent: they are one tensor.
  const bool has_table = checkpoint.shapes.contains(kTable);
  weights[kTable] = checkpoint.load(has_table ? kTable : kTableAlias).to(torch::kFloat32);
  return weights;
}

std::filesystem::path find_weights(const std::filesystem::path& folder) {
  for (const char* name : {"model.safetensors",
                           "model.safetensors.index.json",
                           "pytorch_model.bin",
                           "pytorch_model.bin.index.json"}) {
    if (is_file(folder / name)) return folder / name;
  }
  throw FormatError(
      fmt::format("loading T5 from '{}': it has no model.safetensors and no pytorch_model.bin",
                  folder.string()));
}

}  // namespace

T5Model load_t5_model(const std::filesystem::path& weights, const std::filesystem::path& config) {
  const std::string what = fmt::format("T5 weights '{}'", weights.string());
  const codec::Checkpoint checkpoint = open_weights(weights);
  std::optional<json> values;
  if (!config.empty()) values = read_json(config);
  const T5Options options = infer_t5_options(checkpoint.shapes, values, what);
  T5Model model(options);
  tensor::load_weights(*model, encoder_weights(checkpoint), what);
  model->eval();
  return model;
}

std::shared_ptr<T5Encoder> load_t5(const std::filesystem::path& folder, const c10::Device& device) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    throw_io_error("loading T5 from folder", folder, error ? error.value() : ENOTDIR);
  }
  const std::filesystem::path weights = find_weights(folder);
  const std::filesystem::path tokenizer = folder / "spiece.model";
  KILONAT_REQUIRE(is_file(tokenizer),
                  FormatError,
                  "loading T5 from '{}': it has no spiece.model, the tokenizer",
                  folder.string());
  const std::filesystem::path config = folder / "config.json";
  SentencePieces pieces(tokenizer);
  T5Model model = load_t5_model(weights, is_file(config) ? config : std::filesystem::path());
  auto encoder = std::make_shared<T5Encoder>(std::move(model), std::move(pieces));
  encoder->to(device);
  return encoder;
}

}  // namespace kilonat::text
