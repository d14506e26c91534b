#include "kilonat/codec/export/export.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/codec/export/names.h"
#include "kilonat/codec/weights.h"

namespace kilonat::codec {

namespace {

using nlohmann::json;
using Integers = std::vector<std::int64_t>;

/// What keeps a model from a format, gathered so that all of it is said at once.
class Obstacles {
 public:
  void unless(bool fits, const std::string& what) {
    if (!fits) found_.push_back(what);
  }
  /// @throws ConfigError if there are any.
  void require_none(const std::string& format) const {
    KILONAT_REQUIRE(found_.empty(),
                    ConfigError,
                    "the format '{}' cannot express this model: {}",
                    format,
                    fmt::join(found_, "; "));
  }

 private:
  std::vector<std::string> found_;
};

Integers reversed(Integers values) {
  std::reverse(values.begin(), values.end());
  return values;
}

bool are_even(const Integers& strides) {
  return std::all_of(
      strides.begin(), strides.end(), [](std::int64_t stride) { return stride % 2 == 0; });
}

/// What all three have in common.
void check_common(const AutoencoderOptions& options, Obstacles& obstacles) {
  obstacles.unless(
      options.output_gate == 0,
      fmt::format("its output gate of {} (codec.output_gate must be 0)", options.output_gate));
  obstacles.unless(options.stride_padding == "dac",
                   "strided layers padded as dacvae's (codec.stride_padding must be dac)");
  obstacles.unless(options.match_official || are_even(options.encoder_strides),
                   "odd strides, which it cuts short (codec.match_official must be true)");
  obstacles.unless(options.decoder_strides == reversed(options.encoder_strides),
                   "decoder strides that are not the encoder's backwards");
}

/// Widths after the blocks, outermost first, in units of the outermost layer's.
struct Multiples {
  std::int64_t base = 0;
  Integers values;
  bool are_whole = true;
};

/// @param widths  along the model, outermost first: one more than there are blocks.
Multiples multiples_of(const Integers& widths) {
  Multiples multiples{.base = widths.front()};
  for (std::size_t i = 1; i < widths.size(); ++i) {
    multiples.values.push_back(widths[i] / multiples.base);
    if (widths[i] % multiples.base != 0) multiples.are_whole = false;
  }
  return multiples;
}

Multiples encoder_multiples(const AutoencoderOptions& options) {
  return multiples_of(encoder_widths(options));
}

Multiples decoder_multiples(const AutoencoderOptions& options) {
  return multiples_of(reversed(decoder_widths(options)));
}

/// Every block's width is twice the one outside it, as DAC's.
bool are_doubled(const Integers& widths) {
  for (std::size_t i = 1; i < widths.size(); ++i) {
    if (widths[i] != 2 * widths[i - 1]) return false;
  }
  return true;
}

void check_oobleck(const AutoencoderOptions& options, Obstacles& obstacles) {
  check_common(options, obstacles);
  obstacles.unless(!options.output_bias, "a bias of the last convolution");
  obstacles.unless(decoder_multiples(options).are_whole,
                   "decoder widths that are no multiples of the last one");
}

ExportedModel for_diffusers(const AutoencoderOptions& options, Obstacles& obstacles) {
  check_oobleck(options, obstacles);
  obstacles.unless(options.snake == "log_alpha_beta", "an activation without alpha and beta");
  obstacles.unless(!options.final_tanh, "a tanh at its end");
  obstacles.unless(options.bottleneck.kind == "gaussian" && !options.bottleneck.projections,
                   "a bottleneck that is not gaussian without projections");
  obstacles.unless(encoder_multiples(options).values == decoder_multiples(options).values,
                   "decoder widths in other multiples than the encoder's");
  obstacles.unless(
      encoder_out_channels(options) == options.encoder_channels,
      fmt::format("{} channels out of the encoder, where it has as many as after the first "
                  "convolution, {} (twice codec.bottleneck.latent_channels must be "
                  "codec.encoder_channels)",
                  encoder_out_channels(options),
                  options.encoder_channels));
  ExportedModel exported;
  exported.weights_file = "diffusion_pytorch_model.safetensors";
  exported.configs["config.json"] = {{"_class_name", "AutoencoderOobleck"},
                                     {"audio_channels", options.num_channels},
                                     {"channel_multiples", encoder_multiples(options).values},
                                     {"decoder_channels", decoder_multiples(options).base},
                                     {"decoder_input_channels", decoder_in_channels(options)},
                                     {"downsampling_ratios", options.encoder_strides},
                                     {"encoder_hidden_size", options.encoder_channels},
                                     {"sampling_rate", options.sample_rate_hz}};
  return exported;
}

ExportedModel for_stable_audio_tools(const AutoencoderOptions& options, Obstacles& obstacles) {
  check_oobleck(options, obstacles);
  obstacles.unless(options.snake != "linear", "an activation with alpha alone");
  const BottleneckOptions& bottleneck = options.bottleneck;
  const bool is_vae = bottleneck.kind == "gaussian" && !bottleneck.projections;
  obstacles.unless(is_vae || bottleneck.kind == "none",
                   "a bottleneck with weights (gaussian without projections or none will do)");
  const bool use_snake = options.snake != "elu";
  json model{{"encoder",
              {{"type", "oobleck"},
               {"config",
                {{"in_channels", options.num_channels},
                 {"channels", options.encoder_channels},
                 {"c_mults", encoder_multiples(options).values},
                 {"strides", options.encoder_strides},
                 {"latent_dim", encoder_out_channels(options)},
                 {"use_snake", use_snake}}}}},
             {"decoder",
              {{"type", "oobleck"},
               {"config",
                {{"out_channels", options.num_channels},
                 {"channels", decoder_multiples(options).base},
                 {"c_mults", decoder_multiples(options).values},
                 {"strides", reversed(options.decoder_strides)},
                 {"latent_dim", decoder_in_channels(options)},
                 {"use_snake", use_snake},
                 {"final_tanh", options.final_tanh}}}}},
             {"latent_dim", decoder_in_channels(options)},
             {"downsampling_ratio", hop_length(options)},
             {"io_channels", options.num_channels}};
  if (is_vae) model["bottleneck"] = {{"type", "vae"}};
  ExportedModel exported;
  exported.weights_file = "model.safetensors";
  exported.configs["model_config.json"] = {{"model_type", "autoencoder"},
                                           {"sample_rate", options.sample_rate_hz},
                                           {"sample_size", 32 * hop_length(options)},
                                           {"audio_channels", options.num_channels},
                                           {"model", std::move(model)}};
  return exported;
}

ExportedModel for_transformers(const AutoencoderOptions& options, Obstacles& obstacles) {
  check_common(options, obstacles);
  const BottleneckOptions& bottleneck = options.bottleneck;
  obstacles.unless(bottleneck.kind == "rvq", "a bottleneck that is not rvq");
  obstacles.unless(options.snake == "linear", "an activation other than Snake with alpha alone");
  obstacles.unless(options.final_tanh, "no tanh at its end");
  obstacles.unless(options.output_bias, "no bias of the last convolution");
  obstacles.unless(options.num_channels == 1, "more than one channel");
  obstacles.unless(
      are_doubled(encoder_widths(options)) && are_doubled(reversed(decoder_widths(options))),
      "widths that do not double from block to block");
  obstacles.unless(std::has_single_bit(static_cast<std::uint64_t>(bottleneck.codebook_size)),
                   "a codebook_size that is no power of two");
  const std::int64_t hidden = encoder_widths(options).back();
  obstacles.unless(encoder_out_channels(options) == hidden,
                   fmt::format("{} channels out of the encoder, where it has those of the last "
                               "block, {} (codec.encoder_out_channels must be 0)",
                               encoder_out_channels(options),
                               hidden));
  ExportedModel exported;
  exported.weights_file = "model.safetensors";
  exported.configs["config.json"] = {{"model_type", "dac"},
                                     {"architectures", {"DacModel"}},
                                     {"encoder_hidden_size", options.encoder_channels},
                                     {"downsampling_ratios", options.encoder_strides},
                                     {"decoder_hidden_size", options.decoder_channels},
                                     {"upsampling_ratios", options.decoder_strides},
                                     {"hidden_size", hidden},
                                     {"hop_length", hop_length(options)},
                                     {"n_codebooks", bottleneck.num_codebooks},
                                     {"codebook_size", bottleneck.codebook_size},
                                     {"codebook_dim", bottleneck.codebook_dim},
                                     {"quantizer_dropout", bottleneck.quantizer_dropout},
                                     {"sampling_rate", options.sample_rate_hz}};
  exported.configs["preprocessor_config.json"] = {{"feature_extractor_type", "DacFeatureExtractor"},
                                                  {"feature_size", options.num_channels},
                                                  {"hop_length", hop_length(options)},
                                                  {"padding_side", "right"},
                                                  {"padding_value", 0.0},
                                                  {"return_attention_mask", true},
                                                  {"sampling_rate", options.sample_rate_hz}};
  return exported;
}

bool is_snake_parameter(const std::string& name) {
  return name.ends_with(".alpha") || name.ends_with(".beta");
}

/// DacModel is loaded without weight norm: one weight instead of its length and direction.
tensor::TensorMap without_weight_norm(const tensor::TensorMap& weights) {
  constexpr std::string_view kDirection = ".weight_v";
  constexpr std::string_view kLength = ".weight_g";
  tensor::TensorMap result;
  for (const auto& [name, value] : weights) {
    if (name.ends_with(kLength)) continue;
    if (!name.ends_with(kDirection)) {
      result[name] = value;
      continue;
    }
    const std::string layer = name.substr(0, name.size() - kDirection.size());
    const at::Tensor& length = weights.at(layer + std::string(kLength));
    result[layer + ".weight"] = at::_weight_norm(value, length, /*dim=*/0);
  }
  return result;
}

}  // namespace

const std::vector<std::string>& export_formats() {
  static const std::vector<std::string> formats{"diffusers", "stable-audio-tools", "transformers"};
  return formats;
}

ExportedModel export_model(const AutoencoderImpl& model, const std::string& format) {
  const AutoencoderOptions& options = model.options();
  Obstacles obstacles;
  ExportedModel exported;
  if (format == "diffusers") {
    exported = for_diffusers(options, obstacles);
  } else if (format == "stable-audio-tools") {
    exported = for_stable_audio_tools(options, obstacles);
  } else if (format == "transformers") {
    exported = for_transformers(options, obstacles);
  } else {
    throw ConfigError(fmt::format(
        "format '{}' is not known: expected {}", format, fmt::join(export_formats(), ", ")));
  }
  obstacles.require_none(format);
  tensor::TensorMap weights = weights_of(model);
  if (format == "transformers") weights = without_weight_norm(weights);
  for (const auto& [name, value] : weights) {
    if (format == "stable-audio-tools") {
      exported.weights[stable_audio_tools_name(name)] =
          is_snake_parameter(name) ? value.reshape({-1}) : value;
    } else {
      exported.weights[huggingface_name(
          name, options.encoder_strides.size(), options.decoder_strides.size())] = value;
    }
  }
  return exported;
}

void write_exported(const ExportedModel& exported, const std::filesystem::path& folder) {
  create_folder(folder);
  // transformers refuses a file that does not say whose tensors it holds.
  tensor::save_safetensors(folder / exported.weights_file, exported.weights, {{"format", "pt"}});
  for (const auto& [name, config] : exported.configs) {
    write_text_atomic(folder / name, config.dump(2) + "\n");
  }
}

}  // namespace kilonat::codec
