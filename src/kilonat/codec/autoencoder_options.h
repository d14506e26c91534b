#pragma once
/// What an autoencoder is made of; plain values, no torch.

#include <cstdint>
#include <string>
#include <vector>

#include "kilonat/config/schema.h"

namespace kilonat::codec {

/// Between encoder and decoder.
struct BottleneckOptions {
  std::string kind = "gaussian";  ///< gaussian | rvq | none

  // gaussian
  std::int64_t latent_channels = 32;
  /// Learned 1-tap layers into mean and spread and out of the sample (DAC-VAE). Without them the
  /// encoder's own output is halved (Oobleck).
  bool projections = true;

  // rvq
  std::int64_t num_codebooks = 9;
  std::int64_t codebook_size = 1024;
  std::int64_t codebook_dim = 8;
  /// Share of the batch that trains with fewer codebooks, in [0, 1].
  double quantizer_dropout = 0.5;
};

/// Defaults: DAC at 44.1 kHz with a gaussian bottleneck.
struct AutoencoderOptions {
  std::int64_t sample_rate_hz = 44100;
  std::int64_t num_channels = 1;
  /// linear: one alpha per channel (DAC); log_alpha_beta: two, as logs (Oobleck); elu: no Snake.
  std::string snake = "linear";

  std::int64_t encoder_channels = 64;  ///< width after the first convolution
  std::vector<std::int64_t> encoder_strides{2, 4, 8, 8};
  /// Width after block i is this times encoder_channels; empty: 2, 4, 8, ..
  std::vector<std::int64_t> encoder_channel_multiples{};
  std::int64_t encoder_out_channels = 0;  ///< 0: the width of the last block

  /// Without multiples: width after the first convolution, halved by each block (DAC).
  /// With them: width after the last block (Oobleck).
  std::int64_t decoder_channels = 1536;
  std::vector<std::int64_t> decoder_strides{8, 8, 4, 2};  ///< in the order of the blocks
  /// As the encoder's (outermost first): the decoder runs through them backwards.
  std::vector<std::int64_t> decoder_channel_multiples{};

  bool final_tanh = true;
  /// Amplitude below which the output is drawn to silence, see decoder.h; 0: off, as in all
  /// official models.
  double output_gate = 0;
  bool output_bias = true;  ///< of the last convolution

  /// true: the lengths of the official code, which odd strides cut short; false: exactly as many
  /// samples out as went in.
  bool match_official = false;
  /// How official strided layers pad: dac (and Oobleck) or dacvae. Weights keep to their family's.
  std::string stride_padding = "dac";
  /// How the input is made a whole number of frames: zero (DAC), reflect (DAC-VAE), or none
  /// (Oobleck; only with match_official: a remainder is then lost).
  std::string input_padding = "zero";

  BottleneckOptions bottleneck;
};

void describe(config::Schema& schema, BottleneckOptions& options);
void describe(config::Schema& schema, AutoencoderOptions& options);

/// @throws ConfigError for options that cannot be built, saying which and why.
void check(const AutoencoderOptions& options);

/// Samples per latent frame: the product of the strides.
[[nodiscard]] std::int64_t hop_length(const AutoencoderOptions& options);
[[nodiscard]] double frame_rate_hz(const AutoencoderOptions& options);

/// Channels along the encoder: after the first convolution and after each block.
[[nodiscard]] std::vector<std::int64_t> encoder_widths(const AutoencoderOptions& options);
[[nodiscard]] std::vector<std::int64_t> decoder_widths(const AutoencoderOptions& options);

/// Channels that leave the encoder.
[[nodiscard]] std::int64_t encoder_out_channels(const AutoencoderOptions& options);
/// Channels that enter the decoder.
[[nodiscard]] std::int64_t decoder_in_channels(const AutoencoderOptions& options);

/// Rate of the codes of an rvq bottleneck, all codebooks, without entropy coding [kbit/s]; else 0.
[[nodiscard]] double nominal_rate_kbps(const AutoencoderOptions& options);

}  // namespace kilonat::codec
