#include "kilonat/train/named_tensors.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>

#include "kilonat/base/errors.h"

namespace kilonat::train {
namespace {

constexpr std::size_t kMaxListed = 8;

/// Collects complaints and prints the first few.
class Complaints {
 public:
  void add(std::string text) {
    if (texts_.size() < kMaxListed) texts_.push_back(std::move(text));
    ++count_;
  }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::string text() const {
    const std::size_t rest = count_ - texts_.size();
    return fmt::format(
        "{}{}", fmt::join(texts_, "; "), rest > 0 ? fmt::format("; and {} more", rest) : "");
  }

 private:
  std::vector<std::string> texts_;
  std::size_t count_ = 0;
};

std::string shape_text(const torch::Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.sizes(), ", "));
}

}  // namespace

NamedTensors parameters_of(const torch::nn::Module& module) {
  NamedTensors result;
  for (const auto& item : module.named_parameters()) result.emplace(item.key(), item.value());
  return result;
}

NamedTensors state_of(const torch::nn::Module& module) {
  NamedTensors result = parameters_of(module);
  for (const auto& item : module.named_buffers()) result.emplace(item.key(), item.value());
  return result;
}

NamedTensors snapshot(const NamedTensors& tensors) {
  NamedTensors result;
  for (const auto& [name, tensor] : tensors) result.emplace(name, tensor.detach().clone());
  return result;
}

void copy_named_tensors_(const NamedTensors& into,
                         const NamedTensors& from,
                         std::string_view what) {
  Complaints complaints;
  for (const auto& [name, tensor] : into) {
    const auto found = from.find(name);
    if (found == from.end()) {
      complaints.add(fmt::format("'{}' {} is missing", name, shape_text(tensor)));
    } else if (found->second.sizes() != tensor.sizes()) {
      complaints.add(fmt::format(
          "'{}' is {}, expected {}", name, shape_text(found->second), shape_text(tensor)));
    }
  }
  for (const auto& [name, tensor] : from) {
    if (!into.contains(name)) {
      complaints.add(fmt::format("'{}' {} is unexpected", name, shape_text(tensor)));
    }
  }
  KILONAT_REQUIRE(complaints.empty(), FormatError, "{}: {}", what, complaints.text());
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : into) tensor.detach().copy_(from.at(name));
}

NamedTensors with_prefix(const NamedTensors& tensors, std::string_view prefix) {
  NamedTensors result;
  for (const auto& [name, tensor] : tensors) result.emplace(std::string(prefix) + name, tensor);
  return result;
}

NamedTensors without_prefix(const NamedTensors& tensors, std::string_view prefix) {
  NamedTensors result;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(prefix)) result.emplace(name.substr(prefix.size()), tensor);
  }
  return result;
}

}  // namespace kilonat::train
