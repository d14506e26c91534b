#include "kilonat/codec/period_discriminator.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/container/sequential.h>

namespace kilonat::codec {
namespace {

constexpr double kLeak = 0.1;

}  // namespace

PeriodDiscriminatorImpl::PeriodDiscriminatorImpl(const PeriodDiscriminatorOptions& options)
    : period_(options.period) {
  torch::nn::ModuleList convs;
  std::int64_t in_channels = 1;
  for (std::size_t i = 0; i < options.widths.size(); ++i) {
    const bool is_last = i + 1 == options.widths.size();
    layers_.emplace_back(Conv2dOptions{.in_channels = in_channels,
                                       .out_channels = options.widths[i],
                                       .kernel = {5, 1},
                                       .stride = {is_last ? 1 : 3, 1},
                                       .padding = {2, 0}});
    // The official code wraps each layer and its activation, hence the 0 in "convs.N.0".
    convs->push_back(torch::nn::ModuleList(layers_.back()));
    in_channels = options.widths[i];
  }
  register_module("convs", convs);
  post_ = register_module("conv_post",
                          WeightNormConv2d(Conv2dOptions{
                              .in_channels = in_channels, .kernel = {3, 1}, .padding = {1, 0}}));
}

std::vector<at::Tensor> PeriodDiscriminatorImpl::forward(const at::Tensor& x_N1T) {
  // A signal of whole periods gets one more, as in the official code.
  const at::Tensor padded = at::reflection_pad1d(x_N1T, {0, period_ - x_N1T.size(2) % period_});
  // Note [Period in the batch]: kernels of one column treat the columns alike, as items of a batch.
  // As one-dimensional convolutions they take the fast path, which (5, 1) kernels do not.
  const std::int64_t num_rows = padded.size(2) / period_;
  at::Tensor h_MCR =
      padded.view({-1, num_rows, period_}).transpose(1, 2).reshape({-1, 1, num_rows});
  h_MCR = to_activations(h_MCR, precision_);
  std::vector<at::Tensor> features;
  const auto add_feature = [&] {
    const at::Tensor h_NPCR = h_MCR.unflatten(0, {-1, period_});
    features.push_back(h_NPCR.permute({0, 2, 3, 1}));
  };
  for (WeightNormConv2d& layer : layers_) {
    h_MCR = at::leaky_relu(layer->forward_along_rows(h_MCR), kLeak);
    add_feature();
  }
  h_MCR = post_->forward_along_rows(h_MCR);
  add_feature();
  return features;
}

}  // namespace kilonat::codec
