#include "kilonat/codec/import/import.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/codec/import/checkpoint.h"
#include "kilonat/codec/import/derive.h"
#include "kilonat/codec/import/names.h"
#include "kilonat/codec/weights.h"

namespace kilonat::codec {

namespace {

using nlohmann::json;

/// The family that a style of names belongs to.
std::string family_of(const std::string& key_style, const AutoencoderOptions& options) {
  if (key_style == "diffusers" || key_style == "sat") return "oobleck";
  if (key_style == "dacvae") return "dacvae";
  return options.bottleneck.kind == "gaussian" ? "dacvae" : "dac";
}

void check_family(const std::string& asked, const std::string& found, const std::string& what) {
  KILONAT_REQUIRE(asked.empty() || asked == "dac" || asked == "dacvae" || asked == "oobleck",
                  ConfigError,
                  "family '{}' is not known: expected dac, dacvae or oobleck",
                  asked);
  KILONAT_REQUIRE(asked.empty() || asked == found,
                  FormatError,
                  "reading {}: its weights are of family {}, not {}",
                  what,
                  found,
                  asked);
}

/// What the family's code does and its weights do not show.
void apply_family(const std::string& family, bool match_official, AutoencoderOptions& options) {
  options.match_official = match_official;
  options.final_tanh = family != "oobleck";
  options.stride_padding = family == "dacvae" ? "dacvae" : "dac";
  options.input_padding = family == "dacvae" ? "reflect" : "zero";
  if (family == "oobleck" && match_official) options.input_padding = "none";
}

/// A config and where it stands, for errors.
struct FoundConfig {
  json values;
  std::string what;
};

/// A JSON object; null for anything else.
json read_json(const std::filesystem::path& path) {
  json config = json::parse(read_text(path), nullptr, /*allow_exceptions=*/false);
  return config.is_object() ? config : json();
}

/// Configs that speak of the checkpoint, from the least to the most telling.
std::vector<FoundConfig> find_configs(const std::filesystem::path& path,
                                      const json& inside,
                                      const ImportOptions& how,
                                      const std::string& what) {
  std::vector<FoundConfig> configs;
  if (how.config.empty()) {
    for (const char* name : {"config.json", "model_config.json"}) {
      const std::filesystem::path beside = path.parent_path() / name;
      std::error_code ignored;
      if (!std::filesystem::is_regular_file(beside, ignored)) continue;
      configs.push_back({read_json(beside), fmt::format("{} with '{}'", what, beside.string())});
    }
  }
  configs.push_back({inside, what});
  if (!how.config.empty()) {
    configs.push_back({read_json(how.config), what});
    KILONAT_REQUIRE(configs.back().values.is_object(),
                    FormatError,
                    "reading '{}': it is not a JSON object",
                    how.config.string());
  }
  return configs;
}

tensor::TensorMap load_named(const Checkpoint& checkpoint,
                             const NamedWeights& named,
                             const std::string& what) {
  tensor::TensorMap weights;
  for (const auto& [ours, theirs] : named.theirs) weights[ours] = checkpoint.load(theirs);
  return with_split_weight_norm(weights, what);
}

}  // namespace

ImportedModel import_checkpoint(const std::filesystem::path& path, const ImportOptions& how) {
  const std::string what = fmt::format("checkpoint '{}'", path.string());
  const Checkpoint checkpoint = open_checkpoint(path);
  NamedWeights named = find_autoencoder(checkpoint.shapes, what);
  const tensor::TensorMap weights = load_named(checkpoint, named, what);
  AutoencoderOptions options = derive_options(weights, what);
  const std::string family = family_of(named.key_style, options);
  check_family(how.family, family, what);
  KILONAT_REQUIRE(options.snake != "elu" || named.key_style == "sat",
                  FormatError,
                  "reading {}: its encoder's last Snake has no alpha; only stable-audio-tools' "
                  "autoencoders may do without",
                  what);
  apply_family(family, how.match_official, options);
  options.sample_rate_hz = 0;
  for (const FoundConfig& config : find_configs(path, checkpoint.values, how, what)) {
    apply_foreign_config(config.values, options, config.what);
  }
  if (how.sample_rate_hz > 0) options.sample_rate_hz = how.sample_rate_hz;
  KILONAT_REQUIRE(options.sample_rate_hz > 0,
                  ConfigError,
                  "importing {}: it does not say its sample rate; give it, or the model's config "
                  "file",
                  what);
  ImportedModel result;
  result.model = build_from_weights(options, weights, what);
  result.family = family;
  result.key_style = named.key_style;
  result.prefix = named.prefix;
  result.ignored = std::move(named.ignored);
  return result;
}

}  // namespace kilonat::codec
