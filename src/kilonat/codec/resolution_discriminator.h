#pragma once
/// A discriminator of the complex spectrogram at one resolution, band by band.

#include <cstdint>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>

#include "kilonat/codec/layers.h"
#include "kilonat/codec/weight_norm_conv2d.h"
#include "kilonat/dsp/stft.h"

namespace kilonat::codec {

/// A part of the spectrum; bins from int(start W) up to int(end W) of W.
struct Band {
  double start = 0;
  double end = 1;
};

struct ResolutionDiscriminatorOptions {
  std::int64_t fft_size = 2048;  ///< [samples], a multiple of 4; the hop is a quarter
  std::vector<std::int64_t> widths{32, 32, 32, 32, 32};  ///< channels of the layers
  std::vector<Band> bands{{0.0, 0.1}, {0.1, 0.25}, {0.25, 0.5}, {0.5, 0.75}, {0.75, 1.0}};
};

/// Convolutions over time and frequency, with weights of their own for each band; a last one over
/// the bands side by side.
///
/// Source: Kumar et al. 2023, "High-fidelity audio compression with improved RVQGAN", section 3.4;
/// descript-audio-codec, dac/model/discriminator.py, MRD.
/// Parameters: band_convs.BAND.LAYER.0.*, conv_post.*.
class ResolutionDiscriminatorImpl : public torch::nn::Module {
 public:
  explicit ResolutionDiscriminatorImpl(const ResolutionDiscriminatorOptions& options);

  /// @param x_N1T  [N, 1, T], any T >= 1.
  /// @returns  the outputs [N, channels, frames, bins] of all layers of the first band, then of the
  ///           second, ..; then [N, 1, frames, bins].
  /// float32, or bfloat16 if so set.
  std::vector<at::Tensor> forward(const at::Tensor& x_N1T);
  void set_precision(kernels::Precision precision) { precision_ = precision; }

 private:
  kernels::Precision precision_ = kernels::Precision::kFp32;
  struct BinRange {
    std::int64_t begin = 0;
    std::int64_t end = 0;
  };

  dsp::Stft stft_;
  std::vector<BinRange> bands_;
  std::vector<std::vector<WeightNormConv2d>> layers_;  // by band
  WeightNormConv2d post_{nullptr};
};
TORCH_MODULE(ResolutionDiscriminator);

}  // namespace kilonat::codec
