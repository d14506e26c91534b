#include "kilonat/train/gain_init.h"

#include <cmath>
#include <string>

#include "kilonat/codec/layers.h"

namespace kilonat::train {
namespace {

constexpr double kResidualGain = 0.3;  // of the layer that ends a residual branch
constexpr double kOutputGain = 0.1;    // of the decoder's last layer

bool is_in_trunk(const std::string& name) {
  return name.starts_with("encoder.") || name.starts_with("decoder.");
}

double gain_of(const codec::ConvOptions& conv, bool is_output) {
  if (is_output) return kOutputGain;
  return conv.kernel == 1 ? kResidualGain : 1.0;
}

}  // namespace

void initialise_gains_(codec::Autoencoder& model) {
  const torch::NoGradGuard no_grad;
  const auto last = "decoder.model." + std::to_string(model->options().decoder_strides.size() + 2);
  for (const auto& item : model->named_modules("", /*include_self=*/false)) {
    if (!is_in_trunk(item.key())) continue;
    if (auto* conv = item.value()->as<codec::WeightNormConv1dImpl>()) {
      conv->weight_g.fill_(gain_of(conv->options(), item.key() == last));
    } else if (auto* up = item.value()->as<codec::WeightNormConvTranspose1dImpl>()) {
      up->weight_g.fill_(std::sqrt(static_cast<double>(up->options().stride) / 2));
    }
  }
}

void initialise_snakes_(codec::Autoencoder& model, double alpha) {
  const torch::NoGradGuard no_grad;
  for (const auto& module : model->modules(/*include_self=*/false)) {
    auto* snake = module->as<codec::SnakeImpl>();
    if (snake == nullptr || !snake->alpha.defined()) continue;
    const bool is_log = snake->beta.defined();
    snake->alpha.fill_(is_log ? std::log(alpha) : alpha);
    if (is_log) snake->beta.fill_(std::log(alpha));
  }
}

}  // namespace kilonat::train
