#pragma once
/// Features at the frame rate to a waveform.

#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>

#include "kilonat/codec/autoencoder_options.h"
#include "kilonat/codec/layers.h"
#include "kilonat/codec/residual_unit.h"

namespace kilonat::codec {

/// Snake, a transposed convolution of 2 x stride taps and three residual units.
class DecoderBlockImpl : public torch::nn::Module {
 public:
  DecoderBlockImpl(std::int64_t in_channels,
                   std::int64_t out_channels,
                   std::int64_t stride,
                   const AutoencoderOptions& options);
  /// @param snaked_BCF  first_snake() of the block's input.
  /// @param next        the Snake that follows the block; see Note [Snake beside the sum].
  /// @returns           the block's output, and `next` of it.
  kernels::SumAndSnake forward(const at::Tensor& snaked_BCF, Snake& next, Edges edges);
  Snake& first_snake() { return snake_; }

 private:
  torch::nn::ModuleList block_;
  Snake snake_{nullptr};
  WeightNormConvTranspose1d up_{nullptr};
  std::vector<ResidualUnit> units_;
};
TORCH_MODULE(DecoderBlock);

/// Source: descript-audio-codec, dac/model/dac.py, Decoder. Parameters: model.{0..N+2}.
class DecoderImpl : public torch::nn::Module {
 public:
  explicit DecoderImpl(const AutoencoderOptions& options);

  /// @param z_BDF [batch, decoder_in_channels, frames] -> audio [batch, num_channels, samples].
  at::Tensor forward(const at::Tensor& z_BDF, Edges edges = Edges::kPadded);

  /// The decoder up to its last block, [batch, width, samples].
  at::Tensor features(const at::Tensor& z_BDF, Edges edges = Edges::kPadded);
  /// The rest: Snake, 7-tap convolution, tanh if the options say so.
  at::Tensor waveform(const at::Tensor& features_BCT, Edges edges = Edges::kPadded);

  /// Of the activations within; input and output stay float32.
  void set_precision(kernels::Precision precision) { precision_ = precision; }

 private:
  /// What features() gives, and the last Snake of it.
  kernels::SumAndSnake trunk(const at::Tensor& z_BDF, Edges edges);
  /// The Snake that block `i` starts with; behind the last block: the one before the last layer.
  Snake& snake_of(std::size_t block);
  at::Tensor finish(const at::Tensor& snaked_BCT, Edges edges);

  kernels::Precision precision_ = kernels::Precision::kFp32;
  torch::nn::ModuleList model_;
  WeightNormConv1d first_{nullptr};
  std::vector<DecoderBlock> blocks_;
  Snake snake_{nullptr};
  WeightNormConv1d last_{nullptr};
  bool final_tanh_;
  double output_gate_;
};
TORCH_MODULE(Decoder);

}  // namespace kilonat::codec
