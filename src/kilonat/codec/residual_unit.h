#pragma once
/// Snake, 7-tap dilated convolution, Snake, 1-tap convolution, added to the input.

#include <cstdint>
#include <string>
#include <vector>

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

  /// @param in    the unit's input [batch, channels, length] as `sum`, and first_snake() of it.
  /// @param next  the Snake that follows the unit.
  /// @returns     the unit's output, and `next` of it; kUnpadded: 6 dilation samples shorter, the
  ///              input's middle being added.
  ///
  /// Note [Snake beside the sum]: every unit starts with Snake, and so does what follows the last.
  /// Taking the residual sum and the next Snake in one pass saves reading the sum again.
  kernels::SumAndSnake forward(kernels::SumAndSnake in, Snake& next, Edges edges = Edges::kPadded);
  Snake& first_snake() { return snake1_; }

 private:
  torch::nn::ModuleList block_;
  Snake snake1_{nullptr};
  WeightNormConv1d conv1_{nullptr};
  Snake snake2_{nullptr};
  WeightNormConv1d conv2_{nullptr};
};
TORCH_MODULE(ResidualUnit);

/// Runs units one after the other, `next` being the Snake after the last. REQUIRES: a unit.
/// @param x_BCT  the first unit's input.
kernels::SumAndSnake run_units(std::vector<ResidualUnit>& units,
                               const at::Tensor& x_BCT,
                               Snake& next,
                               Edges edges);

}  // namespace kilonat::codec
