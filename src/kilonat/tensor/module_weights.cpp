#include "kilonat/tensor/module_weights.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/printable.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::tensor {

namespace {

/// Collects differences and reports the first few of them in one line.
class Differences {
 public:
  void add(std::string text) {
    if (first_.size() < kMaxNamed) first_.push_back(std::move(text));
    ++count_;
  }
  void throw_if_any(const std::string& what) const {
    if (count_ == 0) return;
    std::string text = fmt::format("{}", fmt::join(first_, "; "));
    if (count_ > first_.size()) text += fmt::format("; and {} more", count_ - first_.size());
    throw FormatError(fmt::format("loading {}: it does not fit the model: {}", what, text));
  }

 private:
  static constexpr size_t kMaxNamed = 3;
  std::vector<std::string> first_;
  size_t count_ = 0;
};

}  // namespace

TensorMap weights_of(const torch::nn::Module& model) {
  TensorMap weights;
  for (const auto& item : model.named_parameters()) weights[item.key()] = item.value().detach();
  return weights;
}

void load_weights(torch::nn::Module& model, const TensorMap& weights, const std::string& what) {
  Differences differences;
  const auto parameters = model.named_parameters();
  for (const auto& item : parameters) {
    const auto found = weights.find(item.key());
    if (found == weights.end()) {
      differences.add(fmt::format("'{}' is missing", item.key()));
    } else if (found->second.sizes() != item.value().sizes()) {
      differences.add(fmt::format("'{}' is {}, expected {}",
                                  item.key(),
                                  shape_text(found->second.sizes()),
                                  shape_text(item.value().sizes())));
    } else if (!found->second.isfinite().all().item<bool>()) {
      differences.add(fmt::format("'{}' holds NaN or infinity", item.key()));
    }
  }
  for (const auto& [name, value] : weights) {
    if (parameters.find(name) == nullptr) {
      differences.add(fmt::format("'{}' is not known", printable(name)));
    }
  }
  differences.throw_if_any(what);
  const torch::NoGradGuard no_grad;
  for (const auto& item : parameters) {
    at::Tensor parameter = item.value();
    parameter.copy_(weights.at(item.key()));
  }
}

}  // namespace kilonat::tensor
