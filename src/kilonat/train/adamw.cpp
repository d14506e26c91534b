#include "kilonat/train/adamw.h"

#include <cmath>
#include <vector>

#include <ATen/ATen.h>

#include "kilonat/config/schema.h"

namespace kilonat::train {

void describe(config::Schema& schema, AdamWOptions& options) {
  schema.field("learning_rate", options.learning_rate, {.doc = "before the schedule", .min = 0})
      .field("beta1", options.beta1, {.doc = "decay of the first moment", .min = 0, .max = 1})
      .field("beta2", options.beta2, {.doc = "decay of the second moment", .min = 0, .max = 1})
      .field(
          "epsilon", options.epsilon, {.doc = "added to the root of the second moment", .min = 0})
      .field("weight_decay",
             options.weight_decay,
             {.doc = "decoupled, times the learning rate", .min = 0})
      .field("clip_norm",
             options.clip_norm,
             {.doc = "gradients are scaled down to this norm over all parameters", .min = 0});
}

double clip_gradients_(const NamedTensors& parameters, double clip_norm) {
  std::vector<torch::Tensor> gradients;
  for (const auto& [name, parameter] : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  if (gradients.empty()) return 0;
  std::vector<torch::Tensor> squares;
  squares.reserve(gradients.size());
  for (const torch::Tensor& gradient : gradients)
    squares.push_back(gradient.norm().to(torch::kDouble).square());
  // In double: the square of a large float norm would overflow to infinity.
  const double norm = std::sqrt(torch::stack(squares).sum().item<double>());
  if (std::isfinite(norm) && norm > clip_norm) {
    for (torch::Tensor& gradient : gradients) gradient.mul_(clip_norm / (norm + 1e-6));
  }
  return norm;
}

AdamW::AdamW(NamedTensors parameters, AdamWOptions options)
    : parameters_(std::move(parameters)), options_(options) {
  for (const auto& [name, parameter] : parameters_) {
    first_moments_.emplace(name, torch::zeros_like(parameter));
    second_moments_.emplace(name, torch::zeros_like(parameter));
  }
}

void AdamW::step_(double learning_rate_factor) {
  const torch::NoGradGuard no_grad;
  ++num_updates_;
  const double learning_rate = options_.learning_rate * learning_rate_factor;
  const double correction1 = 1 - std::pow(options_.beta1, static_cast<double>(num_updates_));
  const double correction2 = 1 - std::pow(options_.beta2, static_cast<double>(num_updates_));
  for (auto& [name, parameter] : parameters_) {
    const torch::Tensor& gradient = parameter.grad();
    if (!gradient.defined()) continue;
    torch::Tensor& first = first_moments_.at(name);
    torch::Tensor& second = second_moments_.at(name);
    parameter.mul_(1 - learning_rate * options_.weight_decay);
    first.mul_(options_.beta1).add_(gradient, 1 - options_.beta1);
    second.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
    const torch::Tensor root = (second.sqrt() / std::sqrt(correction2)).add_(options_.epsilon);
    parameter.addcdiv_(first, root, -learning_rate / correction1);
  }
}

void AdamW::zero_gradients_() {
  for (auto& [name, parameter] : parameters_) parameter.mutable_grad() = torch::Tensor();
}

NamedTensors AdamW::state() const {
  NamedTensors result = with_prefix(first_moments_, "first/");
  result.merge(with_prefix(second_moments_, "second/"));
  return result;
}

void AdamW::restore(const NamedTensors& state, std::int64_t num_updates) {
  copy_named_tensors_(this->state(), state, "optimiser state");
  num_updates_ = num_updates;
}

}  // namespace kilonat::train
