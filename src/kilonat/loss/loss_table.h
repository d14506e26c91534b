#pragma once
/// One table that names, weighs and sums the losses of a step, so that log, weight and sum cannot
/// drift apart.

#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

namespace kilonat::loss {

class LossTable {
 public:
  /// Adds `weight * value` to the total; `value` is a scalar.
  /// @param name  "group/name": "rec/mel".
  void add(std::string name, const at::Tensor& value, double weight);

  /// The weighted sum, with its graph. REQUIRES: at least one loss was added.
  [[nodiscard]] const at::Tensor& total() const { return total_; }
  /// The unweighted values, detached, in the order they were added, as numbers (one device sync).
  [[nodiscard]] std::vector<std::pair<std::string, double>> values() const;

 private:
  std::vector<std::string> names_;
  std::vector<at::Tensor> values_;
  at::Tensor total_;
};

}  // namespace kilonat::loss
