#pragma once
/// A layer's weight, remembered while no gradient is taken through it.

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

namespace kilonat::codec {

/// Weight norm and the conversion to what convolutions take are the same for every call until a
/// parameter changes: without gradients (inference; discriminators in the generator's step) they
/// are done once. Not thread-safe, as the modules that hold it.
class WeightCache {
 public:
  /// @param direction, magnitude  the parameters that `make` works from. Changes to them are
  ///        noticed by autograd's version counters and by their addresses.
  /// @param activations  the type of the layer's input.
  /// @returns  make(), with its graph if a gradient may be taken; else without, and remembered.
  at::Tensor get(const at::Tensor& direction,
                 const at::Tensor& magnitude,
                 at::ScalarType activations,
                 const std::function<at::Tensor()>& make);

 private:
  struct Key {
    const void* direction = nullptr;
    const void* magnitude = nullptr;
    std::int64_t direction_version = 0;
    std::int64_t magnitude_version = 0;
    at::ScalarType activations = at::kFloat;
    int cpu_level = 0;
    bool operator==(const Key&) const = default;
  };

  Key key_;
  at::Tensor weight_;
};

}  // namespace kilonat::codec
