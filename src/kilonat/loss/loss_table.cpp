#include "kilonat/loss/loss_table.h"

#include <ATen/ATen.h>

namespace kilonat::loss {

void LossTable::add(std::string name, const at::Tensor& value, double weight) {
  names_.push_back(std::move(name));
  values_.push_back(value.detach().to(at::kDouble));
  const at::Tensor weighted = weight * value;
  total_ = total_.defined() ? total_ + weighted : weighted;
}

std::vector<std::pair<std::string, double>> LossTable::values() const {
  std::vector<std::pair<std::string, double>> result;
  if (values_.empty()) return result;
  const at::Tensor numbers = at::stack(values_).cpu();
  for (std::size_t i = 0; i < names_.size(); ++i) {
    result.emplace_back(names_[i], numbers[static_cast<std::int64_t>(i)].item<double>());
  }
  return result;
}

}  // namespace kilonat::loss
