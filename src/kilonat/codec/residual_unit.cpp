#include "kilonat/codec/residual_unit.h"

#include <utility>

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

kernels::SumAndSnake ResidualUnitImpl::forward(kernels::SumAndSnake in, Snake& next, Edges edges) {
  at::Tensor h = conv1_(in.y_BCT, edges);
  in.y_BCT.reset();  // frees it where no gradient is kept
  h = conv2_(snake2_(h));
  const std::int64_t cut = (in.sum_BCT.size(-1) - h.size(-1)) / 2;
  return next->of_sum(cut > 0 ? in.sum_BCT.narrow(-1, cut, h.size(-1)) : in.sum_BCT, h);
}

kernels::SumAndSnake run_units(std::vector<ResidualUnit>& units,
                               const at::Tensor& x_BCT,
                               Snake& next,
                               Edges edges) {
  kernels::SumAndSnake h{.sum_BCT = x_BCT, .y_BCT = units.front()->first_snake()(x_BCT)};
  for (std::size_t i = 0; i < units.size(); ++i) {
    Snake& following = i + 1 < units.size() ? units[i + 1]->first_snake() : next;
    h = units[i]->forward(std::move(h), following, edges);
  }
  return h;
}

}  // namespace kilonat::codec
