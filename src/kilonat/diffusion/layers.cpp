#include "kilonat/diffusion/layers.h"

#include <cmath>

#include <torch/types.h>

namespace kilonat::diffusion {

torch::nn::Linear linear(std::int64_t in, std::int64_t out, bool has_bias) {
  return torch::nn::Linear(torch::nn::LinearOptions(in, out).bias(has_bias));
}

void set_uniform(torch::nn::LinearImpl& layer, const at::Generator& generator) {
  const torch::NoGradGuard no_grad;
  const double bound = std::sqrt(3.0 / static_cast<double>(layer.weight.size(1)));
  layer.weight.copy_(torch::rand(layer.weight.sizes(), generator, torch::kFloat32) * (2 * bound) -
                     bound);
  if (layer.bias.defined()) layer.bias.zero_();
}

void set_zero(torch::nn::LinearImpl& layer) {
  const torch::NoGradGuard no_grad;
  layer.weight.zero_();
  if (layer.bias.defined()) layer.bias.zero_();
}

at::Tensor normalised(const at::Tensor& x, const at::Tensor& factor) {
  return at::layer_norm(x, {x.size(-1)}, factor, {}, 1e-5);
}

at::Tensor modulated(const at::Tensor& x_BFN,
                     const at::Tensor& scale_B1N,
                     const at::Tensor& shift_B1N) {
  return at::addcmul(shift_B1N, normalised(x_BFN), 1 + scale_B1N);
}

}  // namespace kilonat::diffusion
