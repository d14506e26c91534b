#include "kilonat/train/adamw.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <ATen/ATen.h>

#include "kilonat/config/schema.h"
#include "kilonat/kernels/update.h"

namespace kilonat::train {
namespace {

/// Sum of the squares in double: the square of a large float norm would overflow to infinity.
double square_sum(const std::vector<torch::Tensor>& tensors) {
  if (std::all_of(tensors.begin(), tensors.end(), kernels::can_update)) {
    return kernels::sum_of_squares(tensors);
  }
  const std::vector<torch::Tensor> norms = at::_foreach_norm(tensors);
  return torch::stack(norms).to(torch::kDouble).square().sum().item<double>();
}

/// The update from ATen's operators: any type and device. On a GPU each operator takes all of the
/// tensors in one launch.
void update_by_operators_(const std::vector<kernels::AdamWTensors>& tensors,
                          const kernels::AdamWFactors& factors) {
  if (tensors.empty()) return;
  const auto all = [&](at::Tensor kernels::AdamWTensors::*part) {
    std::vector<at::Tensor> parts;
    for (const kernels::AdamWTensors& each : tensors) parts.push_back(each.*part);
    return parts;
  };
  const auto parameters = all(&kernels::AdamWTensors::parameter);
  const auto gradients = all(&kernels::AdamWTensors::gradient);
  const auto first = all(&kernels::AdamWTensors::first);
  const auto second = all(&kernels::AdamWTensors::second);
  at::_foreach_mul_(parameters, factors.keep);
  at::_foreach_mul_(first, factors.beta1);
  at::_foreach_add_(first, gradients, factors.one_less_1);
  at::_foreach_mul_(second, factors.beta2);
  at::_foreach_addcmul_(second, gradients, gradients, factors.one_less_2);
  const auto roots = at::_foreach_sqrt(second);
  at::_foreach_mul_(roots, factors.root_factor);
  at::_foreach_add_(roots, factors.epsilon);
  at::_foreach_addcdiv_(parameters, first, roots, -factors.step);
}

bool can_update(const kernels::AdamWTensors& t) {
  return kernels::can_update(t.parameter) && kernels::can_update(t.first) &&
         kernels::can_update(t.second) && t.gradient.scalar_type() == torch::kFloat;
}

}  // namespace

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
  const double norm = std::sqrt(square_sum(gradients));
  if (std::isfinite(norm) && norm > clip_norm) {
    at::_foreach_mul_(gradients, clip_norm / (norm + 1e-6));
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

kernels::AdamWFactors AdamW::factors(double learning_rate) const {
  const auto n = static_cast<double>(num_updates_);
  const auto as_float = [](double x) { return static_cast<float>(x); };
  return {.keep = as_float(1 - learning_rate * options_.weight_decay),
          .beta1 = as_float(options_.beta1),
          .one_less_1 = as_float(1 - options_.beta1),
          .beta2 = as_float(options_.beta2),
          .one_less_2 = as_float(1 - options_.beta2),
          .root_factor = as_float(1 / std::sqrt(1 - std::pow(options_.beta2, n))),
          .epsilon = as_float(options_.epsilon),
          .step = as_float(learning_rate / (1 - std::pow(options_.beta1, n)))};
}

void AdamW::step_(double learning_rate_factor) {
  const torch::NoGradGuard no_grad;
  ++num_updates_;
  const kernels::AdamWFactors update = factors(options_.learning_rate * learning_rate_factor);
  std::vector<kernels::AdamWTensors> together;
  std::vector<kernels::AdamWTensors> others;
  for (auto& [name, parameter] : parameters_) {
    if (!parameter.grad().defined()) continue;
    kernels::AdamWTensors tensors{
        parameter, parameter.grad(), first_moments_.at(name), second_moments_.at(name)};
    if (can_update(tensors)) {
      tensors.gradient = tensors.gradient.contiguous();
      together.push_back(std::move(tensors));
    } else {
      others.push_back(std::move(tensors));
    }
  }
  update_by_operators_(others, update);
  kernels::adamw_update_(together, update);
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
