#include "kilonat/train/init_model.h"

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "kilonat/codec/model_file.h"
#include "kilonat/config/schema.h"
#include "kilonat/train/named_tensors.h"
#include "kilonat/train/run_folder.h"

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

/// What may differ though the shapes do not: the weights were trained for theirs.
void warn_of_other_options(const codec::AutoencoderOptions& ours,
                           const codec::AutoencoderOptions& theirs,
                           const std::filesystem::path& path) {
  codec::AutoencoderOptions other = ours;  // all else shows in the tensors
  other.sample_rate_hz = theirs.sample_rate_hz;
  other.snake = theirs.snake;
  other.final_tanh = theirs.final_tanh;
  other.output_gate = theirs.output_gate;
  other.match_official = theirs.match_official;
  other.stride_padding = theirs.stride_padding;
  other.input_padding = theirs.input_padding;
  const std::string difference =
      config_difference(config::to_toml(other), config::to_toml(ours), {});
  if (!difference.empty()) {
    spdlog::warn("starting from '{}', whose options differ from ours: {}; ours are kept",
                 path.string(),
                 difference);
  }
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
  warn_of_other_options(model->options(), loaded.model->options(), path);
  return {.has_bottleneck = kind == its_kind};
}

}  // namespace kilonat::train
