#pragma once
/// Snake, 7-tap dilated convolution, Snake, 1-tap convolution, added to the input.

#include <cstdint>
#include <string>

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>

#include "kilonat/codec/layers.h"

namespace kilonat::codec {

/// The dilations of the three units in every block.
inline constexpr std::int64_t kResidualDilations[] = {1, 3, 9};
inline constexpr std::int64_t kResidualKernel = 7;

/// Source: descript-audio-codec, dac/model/dac.py, ResidualUnit. Parameters: block.{0..3}.
class ResidualUnitImpl : public torch::nn::Module {
 public:
  ResidualUnitImpl(std::int64_t channels, std::int64_t dilation, const std::string& snake);

  /// @param x_BCT [batch, channels, length]; kUnpadded: 6 dilation samples shorter, the input's
  ///        middle being added.
  at::Tensor forward(const at::Tensor& x_BCT, Edges edges = Edges::kPadded);

 private:
  torch::nn::ModuleList block_;
  Snake snake1_{nullptr};
  WeightNormConv1d conv1_{nullptr};
  Snake snake2_{nullptr};
  WeightNormConv1d conv2_{nullptr};
};
TORCH_MODULE(ResidualUnit);

}  // namespace kilonat::codec
