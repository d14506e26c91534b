#include "kilonat/codec/initialise.h"

#include <cmath>

namespace kilonat::codec {

namespace {

at::Tensor uniform(at::IntArrayRef shape, double bound, const at::Generator& generator) {
  return torch::rand(shape, generator, torch::kFloat32) * (2 * bound) - bound;
}

/// Direction and magnitude of a layer's weight; returns the bound it was drawn in.
double set_weight(at::Tensor v, at::Tensor g, const at::Generator& generator) {
  const auto fan_in = static_cast<double>(v.size(1) * v.size(2));
  const double bound = 1 / std::sqrt(fan_in);
  v.copy_(uniform(v.sizes(), bound, generator));
  g.copy_(v.norm(2, {1, 2}, /*keepdim=*/true));
  return bound;
}

void set_snake(SnakeImpl& snake) {
  const bool is_log = snake.beta.defined();
  if (is_log) snake.beta.zero_();
  if (snake.alpha.defined()) snake.alpha.fill_(is_log ? 0 : 1);
}

}  // namespace

void initialise(AutoencoderImpl& model, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  for (const auto& item : model.named_modules("", /*include_self=*/false)) {
    if (auto* conv = item.value()->as<WeightNormConv1dImpl>()) {
      const double bound = set_weight(conv->weight_v, conv->weight_g, generator);
      const bool is_projection =
          item.key() == "quantizer.in_proj" || item.key() == "quantizer.out_proj";
      if (conv->bias.defined()) {
        conv->bias.copy_(uniform(conv->bias.sizes(), is_projection ? bound : 0, generator));
      }
    } else if (auto* up = item.value()->as<WeightNormConvTranspose1dImpl>()) {
      const double bound = set_weight(up->weight_v, up->weight_g, generator);
      up->bias.copy_(uniform(up->bias.sizes(), bound, generator));
    } else if (auto* snake = item.value()->as<SnakeImpl>()) {
      set_snake(*snake);
    } else if (auto* codebook = item.value()->as<CodebookImpl>()) {
      codebook->weight.copy_(torch::randn(codebook->weight.sizes(), generator, torch::kFloat32));
    }
  }
}

}  // namespace kilonat::codec
