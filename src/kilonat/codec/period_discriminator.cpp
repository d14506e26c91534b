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
  const at::Tensor x_N1RP = padded.view({-1, 1, padded.size(2) / period_, period_});
  return precision_ == kernels::Precision::kFp32 ? forward_folded(x_N1RP)
                                                 : forward_along_rows(x_N1RP);
}

/// Note [Float32 as it is]: for these wide layers on short signals oneDNN's float32 kernels make
/// 100 to 107 GFLOP/s of a channels-first signal of two dimensions, forward and backward, and 77 to
/// 98 of a channels-last one, strided gradients 38 to 75 (2.6.3 on AVX-512, one core).
std::vector<at::Tensor> PeriodDiscriminatorImpl::forward_folded(const at::Tensor& x_N1RP) {
  at::Tensor h_NCRP = x_N1RP;
  std::vector<at::Tensor> features;
  for (WeightNormConv2d& layer : layers_) {
    h_NCRP = at::leaky_relu(layer->forward_by_library(h_NCRP), kLeak);
    features.push_back(h_NCRP);
  }
  features.push_back(post_->forward_by_library(h_NCRP));
  return features;
}

/// Note [Period in the batch]: kernels of one column treat the columns alike, as items of a batch.
/// As one-dimensional convolutions they take the path that is fast in bfloat16, which (5, 1)
/// kernels do not.
std::vector<at::Tensor> PeriodDiscriminatorImpl::forward_along_rows(const at::Tensor& x_N1RP) {
  at::Tensor h_MCR = x_N1RP.permute({0, 3, 1, 2}).reshape({-1, 1, x_N1RP.size(2)});
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
