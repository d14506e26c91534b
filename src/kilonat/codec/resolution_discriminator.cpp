#include "kilonat/codec/resolution_discriminator.h"

#include <ATen/ATen.h>

namespace kilonat::codec {
namespace {

constexpr double kLeak = 0.1;

/// Layer `i` of `count`: 3 x 9 taps, from the second on every other bin; the last 3 x 3.
Conv2dOptions layer_options(std::size_t i,
                            std::size_t count,
                            std::int64_t in_channels,
                            std::int64_t out_channels) {
  const bool is_last = i + 1 == count;
  return {.in_channels = in_channels,
          .out_channels = out_channels,
          .kernel = {3, is_last ? 3 : 9},
          .stride = {1, i == 0 || is_last ? 1 : 2},
          .padding = {1, is_last ? 1 : 4}};
}

}  // namespace

ResolutionDiscriminatorImpl::ResolutionDiscriminatorImpl(
    const ResolutionDiscriminatorOptions& options)
    : stft_({.window_length = options.fft_size, .match_stride = true}) {
  const std::int64_t num_bins = options.fft_size / 2 + 1;
  torch::nn::ModuleList band_convs;
  for (const Band& band : options.bands) {
    const auto bins = static_cast<double>(num_bins);
    bands_.push_back(
        {static_cast<std::int64_t>(band.start * bins), static_cast<std::int64_t>(band.end * bins)});
    torch::nn::ModuleList convs;
    std::vector<WeightNormConv2d> layers;
    std::int64_t in_channels = 2;  // real and imaginary part
    for (std::size_t i = 0; i < options.widths.size(); ++i) {
      layers.emplace_back(layer_options(i, options.widths.size(), in_channels, options.widths[i]));
      convs->push_back(torch::nn::ModuleList(layers.back()));
      in_channels = options.widths[i];
    }
    band_convs->push_back(convs);
    layers_.push_back(std::move(layers));
  }
  register_module("band_convs", band_convs);
  post_ = register_module(
      "conv_post",
      WeightNormConv2d(Conv2dOptions{
          .in_channels = options.widths.back(), .kernel = {3, 3}, .padding = {1, 1}}));
}

std::vector<at::Tensor> ResolutionDiscriminatorImpl::forward(const at::Tensor& x_N1T) {
  // [N, W, F] complex -> [N, 2, F, W].
  const at::Tensor spectrum = to_activations(
      at::view_as_real(stft_.transform(x_N1T.squeeze(1))).permute({0, 3, 2, 1}), precision_);
  std::vector<at::Tensor> features;
  std::vector<at::Tensor> ends;
  for (std::size_t b = 0; b < bands_.size(); ++b) {
    at::Tensor h = spectrum.slice(3, bands_[b].begin, bands_[b].end);
    for (WeightNormConv2d& layer : layers_[b]) {
      h = at::leaky_relu(layer(h), kLeak);
      features.push_back(h);
    }
    ends.push_back(h);
  }
  features.push_back(post_(at::cat(ends, 3)));
  return features;
}

}  // namespace kilonat::codec
