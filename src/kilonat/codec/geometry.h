#pragma once
/// Which samples every layer reads: paddings, lengths and exact receptive fields. No torch.

#include <cstdint>
#include <vector>

#include "kilonat/codec/autoencoder_options.h"

namespace kilonat::codec {

struct DownPadding {
  std::int64_t left = 0;
  std::int64_t right = 0;
};
struct UpPadding {
  std::int64_t padding = 0;
  std::int64_t output_padding = 0;
};

/// Padding of a strided encoder layer of 2 x stride taps.
///
/// Note [Odd strides]: DAC pads both ends by ceil(stride / 2), which keeps length / stride. dacvae
/// pads by stride / 2 rounded down and so loses a frame for an odd stride; unless match_official is
/// set, the right end gets the missing zero here, which leaves the alignment alone.
[[nodiscard]] DownPadding down_padding(std::int64_t stride, const AutoencoderOptions& options);

/// Padding of a strided decoder layer of 2 x stride taps.
///
/// Official DAC and Oobleck have no output padding and lose a sample at every odd stride; dacvae,
/// and we by default, do not.
[[nodiscard]] UpPadding up_padding(std::int64_t stride, const AutoencoderOptions& options);

/// A convolution along time as far as positions go.
struct LayerGeometry {
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t padding_left = 0;
  std::int64_t padding_right = 0;  ///< transposed: cut from the right end, output padding counted
  bool transposed = false;
};

/// The layers in order, residual units included (their 1-tap layers left out).
[[nodiscard]] std::vector<LayerGeometry> encoder_geometry(const AutoencoderOptions& options);
[[nodiscard]] std::vector<LayerGeometry> decoder_geometry(const AutoencoderOptions& options);

/// Positions first .. last, both included.
struct Span {
  std::int64_t first = 0;
  std::int64_t last = -1;
};

/// Length of the layers' output for so long an input; 0 if a layer has nothing left to read.
[[nodiscard]] std::int64_t output_length(const std::vector<LayerGeometry>& layers,
                                         std::int64_t input_length);

/// The input positions on which these outputs depend; may reach past both ends of the signal.
[[nodiscard]] Span input_span(const std::vector<LayerGeometry>& layers, Span output);

/// Input samples that one latent frame depends on.
[[nodiscard]] std::int64_t encoder_receptive_field(const AutoencoderOptions& options);
/// Most latent frames that one output sample depends on.
[[nodiscard]] std::int64_t decoder_receptive_field(const AutoencoderOptions& options);

}  // namespace kilonat::codec
