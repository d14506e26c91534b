#include "kilonat/train/init_model.h"

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "kilonat/codec/model_file.h"
#include "kilonat/train/named_tensors.h"

namespace kilonat::train {
namespace {

constexpr std::string_view kBottleneckPrefix = "quantizer.";

NamedTensors without_bottleneck(const NamedTensors& tensors) {
  NamedTensors rest;
  for (const auto& [name, tensor] : tensors) {
    if (!name.starts_with(kBottleneckPrefix)) rest.emplace(name, tensor);
  }
  return rest;
}

}  // namespace

InitialWeights load_initial_weights_(codec::Autoencoder& model, const std::filesystem::path& path) {
  const codec::LoadedModel loaded = codec::load_model(path);
  const std::string& kind = model->options().bottleneck.kind;
  const std::string& its_kind = loaded.model->options().bottleneck.kind;
  NamedTensors into = state_of(*model);
  NamedTensors from = state_of(*loaded.model);
  if (kind != its_kind) {
    spdlog::info("starting from '{}': its bottleneck is {}, ours {}: ours starts anew",
                 path.string(),
                 its_kind,
                 kind);
    into = without_bottleneck(into);
    from = without_bottleneck(from);
  }
  copy_named_tensors_(into, from, fmt::format("starting from '{}'", path.string()));
  return {.has_bottleneck = kind == its_kind};
}

}  // namespace kilonat::train
