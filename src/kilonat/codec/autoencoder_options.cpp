#include "kilonat/codec/autoencoder_options.h"

#include <cmath>
#include <functional>
#include <numeric>

#include "kilonat/base/errors.h"

namespace kilonat::codec {

namespace {

constexpr std::int64_t kMaxChannels = 8;
constexpr std::int64_t kMaxWidth = 65536;
constexpr std::int64_t kMaxHopLength = 1 << 20;

std::int64_t product(const std::vector<std::int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::int64_t{1}, std::multiplies<>());
}

void check_strides(const std::vector<std::int64_t>& strides, const char* name) {
  KILONAT_REQUIRE(!strides.empty(), ConfigError, "codec: {} is empty, expected strides", name);
  std::int64_t hop = 1;
  for (const std::int64_t stride : strides) {
    KILONAT_REQUIRE(stride >= 2 && stride <= kMaxHopLength && (hop *= stride) <= kMaxHopLength,
                    ConfigError,
                    "codec: {} has stride {}; strides are 2 or more and multiply to at most {}",
                    name,
                    stride,
                    kMaxHopLength);
  }
}

void check_widths(const std::vector<std::int64_t>& widths, const char* name) {
  for (const std::int64_t width : widths) {
    KILONAT_REQUIRE(width >= 1 && width <= kMaxWidth,
                    ConfigError,
                    "codec: the {} has a layer of {} channels; expected 1 to {}",
                    name,
                    width,
                    kMaxWidth);
  }
}

void check_multiples(const std::vector<std::int64_t>& multiples,
                     const std::vector<std::int64_t>& strides,
                     const char* name) {
  KILONAT_REQUIRE(multiples.empty() || multiples.size() == strides.size(),
                  ConfigError,
                  "codec: {} has {} values, expected none or one for each of the {} strides",
                  name,
                  multiples.size(),
                  strides.size());
}

void check_bottleneck(const AutoencoderOptions& options) {
  const BottleneckOptions& bottleneck = options.bottleneck;
  KILONAT_REQUIRE(
      bottleneck.kind == "gaussian" || bottleneck.kind == "rvq" || bottleneck.kind == "none",
      ConfigError,
      "codec.bottleneck: kind '{}' is not known: expected gaussian, rvq or none",
      bottleneck.kind);
  if (bottleneck.kind == "gaussian") {
    KILONAT_REQUIRE(bottleneck.latent_channels >= 1 && bottleneck.latent_channels <= kMaxWidth,
                    ConfigError,
                    "codec.bottleneck: latent_channels is {}, expected 1 to {}",
                    bottleneck.latent_channels,
                    kMaxWidth);
    const std::int64_t out = encoder_out_channels(options);
    KILONAT_REQUIRE(bottleneck.projections || out == 2 * bottleneck.latent_channels,
                    ConfigError,
                    "codec: without projections the encoder must give mean and spread: "
                    "encoder_out_channels is {}, expected 2 x {} latent channels",
                    out,
                    bottleneck.latent_channels);
  }
  if (bottleneck.kind == "rvq") {
    KILONAT_REQUIRE(bottleneck.num_codebooks >= 1 && bottleneck.num_codebooks <= 1024 &&
                        bottleneck.codebook_size >= 2 && bottleneck.codebook_size <= (1 << 24) &&
                        bottleneck.codebook_dim >= 1 && bottleneck.codebook_dim <= kMaxWidth,
                    ConfigError,
                    "codec.bottleneck: {} codebooks of {} x {} cannot be built",
                    bottleneck.num_codebooks,
                    bottleneck.codebook_size,
                    bottleneck.codebook_dim);
    KILONAT_REQUIRE(bottleneck.quantizer_dropout >= 0 && bottleneck.quantizer_dropout <= 1,
                    ConfigError,
                    "codec.bottleneck: quantizer_dropout is {}, expected 0 to 1",
                    bottleneck.quantizer_dropout);
  }
}

void check_choices(const AutoencoderOptions& options) {
  KILONAT_REQUIRE(
      options.snake == "linear" || options.snake == "log_alpha_beta" || options.snake == "elu",
      ConfigError,
      "codec: snake '{}' is not known: expected linear, log_alpha_beta or elu",
      options.snake);
  KILONAT_REQUIRE(options.stride_padding == "dac" || options.stride_padding == "dacvae",
                  ConfigError,
                  "codec: stride_padding '{}' is not known: expected dac or dacvae",
                  options.stride_padding);
  KILONAT_REQUIRE(options.input_padding == "zero" || options.input_padding == "reflect" ||
                      (options.input_padding == "none" && options.match_official),
                  ConfigError,
                  "codec: input_padding '{}' is not possible: expected zero, reflect, or (with "
                  "match_official) none",
                  options.input_padding);
}

}  // namespace

void describe(config::Schema& schema, BottleneckOptions& options) {
  schema.field("kind",
               options.kind,
               {.doc = "what carries the rate: gaussian (a VAE), rvq (codes, as DAC) or none",
                .choices = {"gaussian", "rvq", "none"}});
  schema.field("latent_channels",
               options.latent_channels,
               {.doc = "gaussian: width of the latent", .min = 1, .max = 65536});
  schema.field("projections",
               options.projections,
               {.doc = "gaussian: learned 1-tap layers around the latent (DAC-VAE); false: the "
                       "encoder's output is halved (Oobleck)"});
  schema.field("num_codebooks",
               options.num_codebooks,
               {.doc = "rvq: codebooks in sequence", .min = 1, .max = 1024});
  schema.field("codebook_size",
               options.codebook_size,
               {.doc = "rvq: entries of a codebook", .min = 2, .max = 1 << 24});
  schema.field("codebook_dim",
               options.codebook_dim,
               {.doc = "rvq: width in which codes are looked up", .min = 1, .max = 65536});
  schema.field("quantizer_dropout",
               options.quantizer_dropout,
               {.doc = "rvq: share of the batch trained with fewer codebooks", .min = 0, .max = 1});
}

void describe(config::Schema& schema, AutoencoderOptions& options) {
  schema.field("sample_rate_hz",
               options.sample_rate_hz,
               {.doc = "sample rate the codec works at", .unit = "Hz", .min = 1, .max = 1e6});
  schema.field("num_channels",
               options.num_channels,
               {.doc = "audio channels, coded into one latent", .min = 1, .max = kMaxChannels});
  schema.field("snake",
               options.snake,
               {.doc = "activation: linear alpha (DAC), log-scale alpha and beta (Oobleck), or ELU "
                       "in Snake's place (Oobleck without use_snake)",
                .choices = {"linear", "log_alpha_beta", "elu"}});
  schema.field("encoder_channels",
               options.encoder_channels,
               {.doc = "width after the encoder's first layer", .min = 1, .max = kMaxWidth});
  schema.field("encoder_strides",
               options.encoder_strides,
               {.doc = "downsampling of each encoder block; any, odd too", .min = 2});
  schema.field(
      "encoder_channel_multiples",
      options.encoder_channel_multiples,
      {.doc = "width after each block in units of encoder_channels; empty: 2, 4, 8, ..", .min = 1});
  schema.field("encoder_out_channels",
               options.encoder_out_channels,
               {.doc = "width of the encoder's output; 0: that of its last block",
                .min = 0,
                .max = kMaxWidth});
  schema.field("decoder_channels",
               options.decoder_channels,
               {.doc = "width after the decoder's first layer, halved by each block; with "
                       "decoder_channel_multiples: width after its last block",
                .min = 1,
                .max = kMaxWidth});
  schema.field("decoder_strides",
               options.decoder_strides,
               {.doc = "upsampling of each decoder block, first to last", .min = 2});
  schema.field("decoder_channel_multiples",
               options.decoder_channel_multiples,
               {.doc = "as the encoder's, outermost block first; empty: halving", .min = 1});
  schema.field("final_tanh", options.final_tanh, {.doc = "tanh on the decoder's output"});
  schema.field("output_gate",
               options.output_gate,
               {.doc = "amplitude below which the decoder's output is drawn to silence, "
                       "x^3 / (x^2 + output_gate^2); 0: off",
                .min = 0,
                .max = 1});
  schema.field("output_bias", options.output_bias, {.doc = "bias in the decoder's last layer"});
  schema.field("match_official",
               options.match_official,
               {.doc = "keep the lengths of the official code, which odd strides cut short; false: "
                       "as many samples out as in"});
  schema.field("stride_padding",
               options.stride_padding,
               {.doc = "alignment of strided layers: as DAC and Oobleck, or as dacvae",
                .choices = {"dac", "dacvae"}});
  schema.field("input_padding",
               options.input_padding,
               {.doc = "how the input is filled up to whole frames; none needs match_official",
                .choices = {"zero", "reflect", "none"}});
  schema.section("bottleneck", options.bottleneck, "What stands between encoder and decoder.");
}

void check(const AutoencoderOptions& options) {
  KILONAT_REQUIRE(options.sample_rate_hz >= 1 && options.sample_rate_hz <= 1'000'000,
                  ConfigError,
                  "codec: sample_rate_hz is {}, expected 1 to 1000000 Hz",
                  options.sample_rate_hz);
  KILONAT_REQUIRE(options.num_channels >= 1 && options.num_channels <= kMaxChannels,
                  ConfigError,
                  "codec: num_channels is {}, expected 1 to {}",
                  options.num_channels,
                  kMaxChannels);
  check_choices(options);
  check_strides(options.encoder_strides, "encoder_strides");
  check_strides(options.decoder_strides, "decoder_strides");
  KILONAT_REQUIRE(product(options.encoder_strides) == product(options.decoder_strides),
                  ConfigError,
                  "codec: the encoder's strides multiply to {}, the decoder's to {}; they must "
                  "agree",
                  product(options.encoder_strides),
                  product(options.decoder_strides));
  check_multiples(
      options.encoder_channel_multiples, options.encoder_strides, "encoder_channel_multiples");
  check_multiples(
      options.decoder_channel_multiples, options.decoder_strides, "decoder_channel_multiples");
  check_widths(encoder_widths(options), "encoder");
  check_widths(decoder_widths(options), "decoder");
  check_widths({encoder_out_channels(options)}, "encoder's output");
  check_bottleneck(options);
}

std::int64_t hop_length(const AutoencoderOptions& options) {
  return product(options.encoder_strides);
}

double frame_rate_hz(const AutoencoderOptions& options) {
  return static_cast<double>(options.sample_rate_hz) / static_cast<double>(hop_length(options));
}

std::vector<std::int64_t> encoder_widths(const AutoencoderOptions& options) {
  std::vector<std::int64_t> widths{options.encoder_channels};
  for (size_t i = 0; i < options.encoder_strides.size(); ++i) {
    widths.push_back(options.encoder_channel_multiples.empty()
                         ? 2 * widths.back()
                         : options.encoder_channel_multiples[i] * options.encoder_channels);
  }
  return widths;
}

std::vector<std::int64_t> decoder_widths(const AutoencoderOptions& options) {
  const size_t num_blocks = options.decoder_strides.size();
  const auto& multiples = options.decoder_channel_multiples;
  std::vector<std::int64_t> widths;
  if (multiples.empty()) {
    widths.push_back(options.decoder_channels);
    for (size_t i = 0; i < num_blocks; ++i) widths.push_back(widths.back() / 2);
    return widths;
  }
  for (size_t i = num_blocks; i-- > 0;) widths.push_back(multiples[i] * options.decoder_channels);
  widths.push_back(options.decoder_channels);
  return widths;
}

std::int64_t encoder_out_channels(const AutoencoderOptions& options) {
  return options.encoder_out_channels > 0 ? options.encoder_out_channels
                                          : encoder_widths(options).back();
}

std::int64_t decoder_in_channels(const AutoencoderOptions& options) {
  const bool halved = options.bottleneck.kind == "gaussian" && !options.bottleneck.projections;
  return halved ? options.bottleneck.latent_channels : encoder_out_channels(options);
}

double nominal_rate_kbps(const AutoencoderOptions& options) {
  const BottleneckOptions& bottleneck = options.bottleneck;
  if (bottleneck.kind != "rvq") return 0;
  const double bits_per_frame = static_cast<double>(bottleneck.num_codebooks) *
                                std::log2(static_cast<double>(bottleneck.codebook_size));
  return bits_per_frame * frame_rate_hz(options) / 1000;
}

}  // namespace kilonat::codec
