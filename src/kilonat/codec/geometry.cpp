#include "kilonat/codec/geometry.h"

#include <algorithm>

#include "kilonat/codec/residual_unit.h"

namespace kilonat::codec {

namespace {

/// A stride-1 layer that keeps the length.
LayerGeometry same_length(std::int64_t kernel, std::int64_t dilation = 1) {
  const std::int64_t padding = kernel / 2 * dilation;
  return {
      .kernel = kernel, .dilation = dilation, .padding_left = padding, .padding_right = padding};
}

void add_residual_units(std::vector<LayerGeometry>& layers) {
  for (const std::int64_t dilation : kResidualDilations) {
    layers.push_back(same_length(kResidualKernel, dilation));
  }
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

std::int64_t ceil_divide(std::int64_t a, std::int64_t b) {
  return -floor_divide(-a, b);
}

}  // namespace

DownPadding down_padding(std::int64_t stride, const AutoencoderOptions& options) {
  const std::int64_t up = (stride + 1) / 2;
  const std::int64_t down = stride / 2;
  if (options.stride_padding != "dacvae") return {.left = up, .right = up};
  return {.left = down, .right = options.match_official ? down : up};
}

UpPadding up_padding(std::int64_t stride, const AutoencoderOptions& options) {
  const bool loses_a_sample = options.match_official && options.stride_padding != "dacvae";
  return {.padding = (stride + 1) / 2, .output_padding = loses_a_sample ? 0 : stride % 2};
}

std::vector<LayerGeometry> encoder_geometry(const AutoencoderOptions& options) {
  std::vector<LayerGeometry> layers{same_length(7)};
  for (const std::int64_t stride : options.encoder_strides) {
    add_residual_units(layers);
    const DownPadding padding = down_padding(stride, options);
    layers.push_back({.kernel = 2 * stride,
                      .stride = stride,
                      .padding_left = padding.left,
                      .padding_right = padding.right});
  }
  layers.push_back(same_length(3));
  return layers;
}

std::vector<LayerGeometry> decoder_geometry(const AutoencoderOptions& options) {
  std::vector<LayerGeometry> layers{same_length(7)};
  for (const std::int64_t stride : options.decoder_strides) {
    const UpPadding padding = up_padding(stride, options);
    layers.push_back({.kernel = 2 * stride,
                      .stride = stride,
                      .padding_left = padding.padding,
                      .padding_right = padding.padding - padding.output_padding,
                      .transposed = true});
    add_residual_units(layers);
  }
  layers.push_back(same_length(7));
  return layers;
}

std::int64_t output_length(const std::vector<LayerGeometry>& layers, std::int64_t input_length) {
  std::int64_t length = input_length;
  for (const LayerGeometry& layer : layers) {
    const std::int64_t reach = (layer.kernel - 1) * layer.dilation + 1;
    const std::int64_t padding = layer.padding_left + layer.padding_right;
    if (layer.transposed) {
      length = (length - 1) * layer.stride + reach - padding;
    } else {
      length = length + padding < reach ? 0 : (length + padding - reach) / layer.stride + 1;
    }
    if (length <= 0) return 0;
  }
  return length;
}

Span input_span(const std::vector<LayerGeometry>& layers, Span output) {
  Span span = output;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    const std::int64_t reach = (layer->kernel - 1) * layer->dilation;
    if (layer->transposed) {
      span.first = ceil_divide(span.first + layer->padding_left - reach, layer->stride);
      span.last = floor_divide(span.last + layer->padding_left, layer->stride);
    } else {
      span.first = span.first * layer->stride - layer->padding_left;
      span.last = span.last * layer->stride - layer->padding_left + reach;
    }
  }
  return span;
}

std::int64_t encoder_receptive_field(const AutoencoderOptions& options) {
  const Span span = input_span(encoder_geometry(options), {0, 0});
  return span.last - span.first + 1;
}

std::int64_t decoder_receptive_field(const AutoencoderOptions& options) {
  const std::vector<LayerGeometry> layers = decoder_geometry(options);
  std::int64_t widest = 0;
  for (std::int64_t sample = 0; sample < hop_length(options); ++sample) {
    const Span span = input_span(layers, {sample, sample});
    widest = std::max(widest, span.last - span.first + 1);
  }
  return widest;
}

}  // namespace kilonat::codec
