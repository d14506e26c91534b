#include "kilonat/codec/residual_unit.h"

namespace kilonat::codec {

ResidualUnitImpl::ResidualUnitImpl(std::int64_t channels,
                                   std::int64_t dilation,
                                   const std::string& snake)
    : snake1_(channels, snake),
      conv1_(ConvOptions{.in_channels = channels,
                         .out_channels = channels,
                         .kernel = kResidualKernel,
                         .dilation = dilation,
                         .padding_left = kResidualKernel / 2 * dilation,
                         .padding_right = kResidualKernel / 2 * dilation}),
      snake2_(channels, snake),
      conv2_(ConvOptions{.in_channels = channels, .out_channels = channels, .kernel = 1}) {
  block_ = register_module("block", torch::nn::ModuleList());
  block_->push_back(snake1_);
  block_->push_back(conv1_);
  block_->push_back(snake2_);
  block_->push_back(conv2_);
}

at::Tensor ResidualUnitImpl::forward(const at::Tensor& x_BCT, Edges edges) {
  const at::Tensor h = conv1_(snake1_(x_BCT), edges);
  const at::Tensor y = conv2_(snake2_(h));
  const std::int64_t cut = (x_BCT.size(-1) - y.size(-1)) / 2;
  return (cut > 0 ? x_BCT.narrow(-1, cut, y.size(-1)) : x_BCT) + y;
}

}  // namespace kilonat::codec
