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
  at::Tensor forward(const at::Tensor& x_BCF, Edges edges);

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

 private:
  torch::nn::ModuleList model_;
  WeightNormConv1d first_{nullptr};
  std::vector<DecoderBlock> blocks_;
  Snake snake_{nullptr};
  WeightNormConv1d last_{nullptr};
  bool final_tanh_;
};
TORCH_MODULE(Decoder);

}  // namespace kilonat::codec
