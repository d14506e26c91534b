#pragma once
/// Small pieces that the network's parts share.

#include <cstdint>

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <torch/nn/modules/linear.h>

namespace kilonat::diffusion {

/// A linear layer, without bias unless asked for.
[[nodiscard]] torch::nn::Linear linear(std::int64_t in, std::int64_t out, bool has_bias = false);

/// Weight U(-b, b) with b = sqrt(3 / in): outputs keep the variance of inputs. Bias zero.
void set_uniform(torch::nn::LinearImpl& layer, const at::Generator& generator);
/// Weight and bias zero.
void set_zero(torch::nn::LinearImpl& layer);

/// Layer norm over the last axis, times `factor` if defined; no offset.
[[nodiscard]] at::Tensor normalised(const at::Tensor& x, const at::Tensor& factor = {});

/// normalised(x) (1 + scale) + shift.
[[nodiscard]] at::Tensor modulated(const at::Tensor& x_BFN,
                                   const at::Tensor& scale_B1N,
                                   const at::Tensor& shift_B1N);

}  // namespace kilonat::diffusion
