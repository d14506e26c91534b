#pragma once
/// A discriminator of the signal folded by a period.

#include <cstdint>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>

#include "kilonat/codec/layers.h"
#include "kilonat/codec/weight_norm_conv2d.h"

namespace kilonat::codec {

struct PeriodDiscriminatorOptions {
  std::int64_t period = 2;                                     ///< [samples]
  std::vector<std::int64_t> widths{32, 128, 512, 1024, 1024};  ///< channels of the layers
};

/// Convolutions along time over the samples that lie a period apart. All layers but the last have
/// stride 3.
///
/// Source: Kong et al. 2020, "HiFi-GAN"; descript-audio-codec, dac/model/discriminator.py, MPD.
/// Parameters: convs.N.0.*, conv_post.*.
class PeriodDiscriminatorImpl : public torch::nn::Module {
 public:
  explicit PeriodDiscriminatorImpl(const PeriodDiscriminatorOptions& options);

  /// @param x_N1T  [N, 1, T], any T >= 1.
  /// @returns  the layers' outputs [N, channels, rows, period], then [N, 1, rows, period].
  /// float32, or bfloat16 if so set.
  std::vector<at::Tensor> forward(const at::Tensor& x_N1T);
  void set_precision(kernels::Precision precision) { precision_ = precision; }

 private:
  std::vector<at::Tensor> forward_folded(const at::Tensor& x_N1RP);
  std::vector<at::Tensor> forward_along_rows(const at::Tensor& x_N1RP);

  kernels::Precision precision_ = kernels::Precision::kFp32;
  std::int64_t period_;
  std::vector<WeightNormConv2d> layers_;
  WeightNormConv2d post_{nullptr};
};
TORCH_MODULE(PeriodDiscriminator);

}  // namespace kilonat::codec
