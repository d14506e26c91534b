#include "kilonat/codec/import/derive.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::codec {

namespace {

using Integers = std::vector<std::int64_t>;

/// Looks tensors up and says which is missing.
class Lookup {
 public:
  Lookup(const tensor::TensorMap& weights, const std::string& what)
      : weights_(weights), what_(what) {}

  [[nodiscard]] bool has(const std::string& name) const { return weights_.contains(name); }
  /// Shape of a convolution's weight [_, _, taps].
  [[nodiscard]] at::IntArrayRef conv(const std::string& layer) const {
    const auto found = weights_.find(layer + ".weight_v");
    KILONAT_REQUIRE(
        found != weights_.end(), FormatError, "reading {}: layer '{}' is missing", what_, layer);
    KILONAT_REQUIRE(found->second.dim() == 3,
                    FormatError,
                    "reading {}: layer '{}' has weights {}, expected three axes",
                    what_,
                    layer,
                    tensor::shape_text(found->second.sizes()));
    return found->second.sizes();
  }
  /// Stride of a layer with twice as many taps.
  [[nodiscard]] std::int64_t stride(const std::string& layer) const {
    const std::int64_t taps = conv(layer)[2];
    KILONAT_REQUIRE(taps >= 2 && taps % 2 == 0,
                    FormatError,
                    "reading {}: strided layer '{}' has {} taps, expected twice its stride",
                    what_,
                    layer,
                    taps);
    return taps / 2;
  }

 private:
  const tensor::TensorMap& weights_;
  const std::string& what_;
};

std::string numbered(const char* pattern, size_t index) {
  return fmt::format(fmt::runtime(pattern), index);
}

/// Widths as multiples of `base`. @throws FormatError if one is not.
Integers multiples(const Integers& widths, std::int64_t base, const std::string& what) {
  Integers result;
  for (const std::int64_t width : widths) {
    KILONAT_REQUIRE(base > 0 && width % base == 0,
                    FormatError,
                    "reading {}: its block widths {} are not multiples of {}",
                    what,
                    tensor::shape_text(widths),
                    base);
    result.push_back(width / base);
  }
  return result;
}

void derive_encoder(const Lookup& lookup, AutoencoderOptions& options, const std::string& what) {
  const at::IntArrayRef first = lookup.conv("encoder.block.0");
  options.encoder_channels = first[0];
  options.num_channels = first[1];
  options.encoder_strides.clear();
  Integers widths;
  for (size_t i = 1; lookup.has(numbered("encoder.block.{}.block.4.weight_v", i)); ++i) {
    const std::string layer = numbered("encoder.block.{}.block.4", i);
    options.encoder_strides.push_back(lookup.stride(layer));
    widths.push_back(lookup.conv(layer)[0]);
  }
  KILONAT_REQUIRE(!widths.empty(), FormatError, "reading {}: its encoder has no blocks", what);
  options.encoder_channel_multiples = multiples(widths, options.encoder_channels, what);
  std::int64_t doubled = 1;
  const bool doubles =
      std::all_of(options.encoder_channel_multiples.begin(),
                  options.encoder_channel_multiples.end(),
                  [&](std::int64_t multiple) { return multiple == (doubled *= 2); });
  if (doubles) options.encoder_channel_multiples.clear();
  options.encoder_out_channels = lookup.conv(numbered("encoder.block.{}", widths.size() + 2))[0];
  const std::string last = numbered("encoder.block.{}", widths.size() + 1);
  const bool has_snake = lookup.has(last + ".alpha");
  options.snake = lookup.has(last + ".beta") ? "log_alpha_beta" : has_snake ? "linear" : "elu";
}

void derive_decoder(const Lookup& lookup, AutoencoderOptions& options, const std::string& what) {
  Integers widths{lookup.conv("decoder.model.0")[0]};
  options.decoder_strides.clear();
  for (size_t i = 1; lookup.has(numbered("decoder.model.{}.block.1.weight_v", i)); ++i) {
    const std::string layer = numbered("decoder.model.{}.block.1", i);
    options.decoder_strides.push_back(lookup.stride(layer));
    widths.push_back(lookup.conv(layer)[1]);
  }
  const size_t num_blocks = options.decoder_strides.size();
  KILONAT_REQUIRE(num_blocks > 0, FormatError, "reading {}: its decoder has no blocks", what);
  options.output_bias = lookup.has(numbered("decoder.model.{}.bias", num_blocks + 2));
  options.decoder_channels = widths.front();
  options.decoder_channel_multiples.clear();
  if (decoder_widths(options) == widths) return;
  options.decoder_channels = widths.back();
  options.decoder_channel_multiples =
      multiples(Integers(widths.rbegin() + 1, widths.rend()), widths.back(), what);
}

void derive_bottleneck(const Lookup& lookup, AutoencoderOptions& options, const std::string& what) {
  BottleneckOptions& bottleneck = options.bottleneck;
  const std::int64_t decoder_in = lookup.conv("decoder.model.0")[1];
  const std::int64_t encoder_out = options.encoder_out_channels;
  if (lookup.has("quantizer.in_proj.weight_v")) {
    bottleneck.kind = "gaussian";
    bottleneck.projections = true;
    bottleneck.latent_channels = lookup.conv("quantizer.out_proj")[1];
  } else if (lookup.has("quantizer.quantizers.0.in_proj.weight_v")) {
    bottleneck.kind = "rvq";
    bottleneck.codebook_dim = lookup.conv("quantizer.quantizers.0.in_proj")[0];
    bottleneck.num_codebooks = 0;
    while (lookup.has(
        fmt::format("quantizer.quantizers.{}.in_proj.weight_v", bottleneck.num_codebooks))) {
      ++bottleneck.num_codebooks;
    }
  } else {
    KILONAT_REQUIRE(encoder_out == 2 * decoder_in || encoder_out == decoder_in,
                    FormatError,
                    "reading {}: its encoder gives {} channels and its decoder takes {}; expected "
                    "twice as many (mean and spread) or the same",
                    what,
                    encoder_out,
                    decoder_in);
    bottleneck.kind = encoder_out == decoder_in ? "none" : "gaussian";
    bottleneck.projections = false;
    bottleneck.latent_channels = decoder_in;
  }
}

void derive_codebook_size(const tensor::TensorMap& weights,
                          AutoencoderOptions& options,
                          const std::string& what) {
  if (options.bottleneck.kind != "rvq") return;
  const auto found = weights.find("quantizer.quantizers.0.codebook.weight");
  KILONAT_REQUIRE(found != weights.end() && found->second.dim() == 2,
                  FormatError,
                  "reading {}: codebook 'quantizer.quantizers.0.codebook.weight' is missing",
                  what);
  options.bottleneck.codebook_size = found->second.size(0);
}

// --- Foreign configs.

using nlohmann::json;

/// The value at the first of these keys that is there.
const json* find(const json& config, std::initializer_list<const char*> keys) {
  if (!config.is_object()) return nullptr;
  for (const char* key : keys) {
    const auto found = config.find(key);
    if (found != config.end() && !found->is_null()) return &*found;
  }
  return nullptr;
}

void check_list(const json* value,
                const Integers& expected,
                bool reversed,
                const char* name,
                const std::string& what) {
  if (value == nullptr) return;
  Integers found;
  for (const json& item : *value) {
    if (item.is_number_integer()) found.push_back(item.get<std::int64_t>());
  }
  if (reversed) std::reverse(found.begin(), found.end());
  KILONAT_REQUIRE(found == expected,
                  FormatError,
                  "reading {}: its config has {} [{}], its weights have [{}]",
                  what,
                  name,
                  fmt::join(found, ", "),
                  fmt::join(expected, ", "));
}

void check_number(const json* value,
                  std::int64_t expected,
                  const char* name,
                  const std::string& what) {
  if (value == nullptr || !value->is_number_integer()) return;
  KILONAT_REQUIRE(value->get<std::int64_t>() == expected,
                  FormatError,
                  "reading {}: its config has {} {}, its weights have {}",
                  what,
                  name,
                  value->get<std::int64_t>(),
                  expected);
}

/// stable-audio-tools: {"sample_rate", "model": {"encoder": {"config"}, "decoder": {"config"}}}; in
/// a full Stable Audio file this stands under model.pretransform.config.
void apply_stable_audio_tools(const json& config,
                              AutoencoderOptions& options,
                              const std::string& what) {
  const json* model = find(config, {"model"});
  const json* pretransform = model ? find(*model, {"pretransform"}) : nullptr;
  if (pretransform) model = find(*pretransform, {"config"});
  if (!model) return;
  const json* encoder = find(*model, {"encoder"});
  const json* decoder = find(*model, {"decoder"});
  if (!encoder || !decoder) return;
  if (const json* inner = find(*encoder, {"config"})) {
    check_list(find(*inner, {"strides"}), options.encoder_strides, false, "strides", what);
    check_number(find(*inner, {"channels"}), options.encoder_channels, "channels", what);
  }
  if (const json* inner = find(*decoder, {"config"})) {
    check_list(find(*inner, {"strides"}), options.decoder_strides, true, "strides", what);
    const json* tanh = find(*inner, {"final_tanh"});
    // The constructor's own default is true.
    options.final_tanh = tanh && tanh->is_boolean() ? tanh->get<bool>() : true;
  }
}

void apply_flat(const json& config, AutoencoderOptions& options, const std::string& what) {
  const BottleneckOptions& bottleneck = options.bottleneck;
  const json* down = find(config, {"encoder_rates", "downsampling_ratios"});
  check_list(down, options.encoder_strides, false, "encoder strides", what);
  const json* up = find(config, {"decoder_rates", "upsampling_ratios"});
  check_list(up, options.decoder_strides, false, "decoder strides", what);
  check_number(find(config, {"encoder_dim"}), options.encoder_channels, "encoder width", what);
  check_number(find(config, {"decoder_dim"}), options.decoder_channels, "decoder width", what);
  if (bottleneck.kind == "rvq") {
    check_number(find(config, {"n_codebooks"}), bottleneck.num_codebooks, "codebooks", what);
    check_number(find(config, {"codebook_size"}), bottleneck.codebook_size, "codebook size", what);
    const json* dropout = find(config, {"quantizer_dropout"});
    if (dropout && dropout->is_number()) {
      options.bottleneck.quantizer_dropout = std::clamp(dropout->get<double>(), 0.0, 1.0);
    }
  }
}

}  // namespace

AutoencoderOptions derive_options(const tensor::TensorMap& weights, const std::string& what) {
  const Lookup lookup(weights, what);
  AutoencoderOptions options;
  derive_encoder(lookup, options, what);
  derive_decoder(lookup, options, what);
  derive_bottleneck(lookup, options, what);
  derive_codebook_size(weights, options, what);
  return options;
}

void apply_foreign_config(const json& config,
                          AutoencoderOptions& options,
                          const std::string& what) {
  const json* inner = find(config, {"config"});
  const json* metadata = find(config, {"metadata"});
  const json* kwargs = metadata ? find(*metadata, {"kwargs"}) : nullptr;
  for (const json* part : {&config, inner, kwargs}) {
    if (part == nullptr) continue;
    const json* rate = find(*part, {"sample_rate", "sampling_rate"});
    if (rate && rate->is_number_integer()) options.sample_rate_hz = rate->get<std::int64_t>();
    apply_flat(*part, options, what);
    apply_stable_audio_tools(*part, options, what);
  }
}

}  // namespace kilonat::codec
