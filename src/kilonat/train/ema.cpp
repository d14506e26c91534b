#include "kilonat/train/ema.h"

#include <algorithm>
#include <vector>

#include <ATen/ATen.h>

#include "kilonat/kernels/update.h"

namespace kilonat::train {

Ema::Ema(const NamedTensors& tensors, double decay) : averages_(snapshot(tensors)), decay_(decay) {}

void Ema::update_(const NamedTensors& tensors) {
  const torch::NoGradGuard no_grad;
  const auto n = static_cast<double>(num_updates_);
  const double decay = std::min(decay_, (1 + n) / (10 + n));
  std::vector<kernels::Following> together;
  std::vector<torch::Tensor> other_averages;
  std::vector<torch::Tensor> other_values;
  for (auto& [name, average] : averages_) {
    const torch::Tensor& value = tensors.at(name);
    if (kernels::can_update(average) && kernels::can_update(value)) {
      together.push_back({.average = average, .value = value});
    } else if (average.is_floating_point()) {
      other_averages.push_back(average);
      other_values.push_back(value.detach());
    } else {
      average.copy_(value);
    }
  }
  kernels::move_towards_(together, 1 - decay);
  if (!other_averages.empty()) {  // one launch for all of them on a GPU
    at::_foreach_add_(other_averages, at::_foreach_sub(other_values, other_averages), 1 - decay);
  }
  ++num_updates_;
}

void Ema::restore(const NamedTensors& averages, std::int64_t num_updates) {
  copy_named_tensors_(averages_, averages, "averaged weights");
  num_updates_ = num_updates;
}

EmaScope::EmaScope(NamedTensors module_tensors, const NamedTensors& averages)
    : module_tensors_(std::move(module_tensors)), kept_(snapshot(module_tensors_)) {
  copy_named_tensors_(module_tensors_, averages, "averaged weights");
}

EmaScope::~EmaScope() {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : module_tensors_) tensor.detach().copy_(kept_.at(name));
}

}  // namespace kilonat::train
