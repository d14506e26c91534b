#pragma once
/// Waveform to features at the frame rate.

#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>

#include "kilonat/codec/autoencoder_options.h"
#include "kilonat/codec/layers.h"
#include "kilonat/codec/residual_unit.h"

namespace kilonat::codec {

/// Three residual units, Snake and a strided convolution of 2 x stride taps.
class EncoderBlockImpl : public torch::nn::Module {
 public:
  EncoderBlockImpl(std::int64_t in_channels,
                   std::int64_t out_channels,
                   std::int64_t stride,
                   const AutoencoderOptions& options);
  at::Tensor forward(const at::Tensor& x_BCT, Edges edges);

 private:
  torch::nn::ModuleList block_;
  std::vector<ResidualUnit> units_;
  Snake snake_{nullptr};
  WeightNormConv1d down_{nullptr};
};
TORCH_MODULE(EncoderBlock);

/// Source: descript-audio-codec, dac/model/dac.py, Encoder. Parameters: block.{0..N+2}.
class EncoderImpl : public torch::nn::Module {
 public:
  explicit EncoderImpl(const AutoencoderOptions& options);

  /// @param x_BCT audio [batch, num_channels, samples] -> [batch, encoder_out_channels, frames].
  at::Tensor forward(const at::Tensor& x_BCT, Edges edges = Edges::kPadded);
  /// Of the activations within; input and output stay float32.
  void set_precision(kernels::Precision precision) { precision_ = precision; }

 private:
  kernels::Precision precision_ = kernels::Precision::kFp32;
  torch::nn::ModuleList block_;
  WeightNormConv1d first_{nullptr};
  std::vector<EncoderBlock> blocks_;
  Snake snake_{nullptr};
  WeightNormConv1d last_{nullptr};
};
TORCH_MODULE(Encoder);

}  // namespace kilonat::codec
