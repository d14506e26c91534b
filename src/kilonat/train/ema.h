#pragma once
/// The exponential moving average of a model's weights: what a run hands out in the end.

#include <cstdint>

#include "kilonat/train/named_tensors.h"

namespace kilonat::train {

/// Keeps its own tensors; the model is not touched.
///
/// Note [EMA warm-up]: after n updates the decay is min(decay, (1 + n) / (10 + n)), so that short
/// runs do not drag their first weights along.
class Ema {
 public:
  /// Starts at the present values. @param decay  in [0, 1); 0 follows the weights exactly.
  Ema(const NamedTensors& tensors, double decay);

  /// Moves the averages towards `tensors` (same names as in the constructor).
  void update_(const NamedTensors& tensors);

  [[nodiscard]] const NamedTensors& tensors() const { return averages_; }
  [[nodiscard]] std::int64_t num_updates() const { return num_updates_; }
  /// @throws FormatError if names or shapes differ.
  void restore(const NamedTensors& averages, std::int64_t num_updates);

 private:
  NamedTensors averages_;
  double decay_;
  std::int64_t num_updates_ = 0;
};

/// Lends a module the averaged weights for a while; the destructor puts its own back.
class EmaScope {
 public:
  /// @param module_tensors  the module's own tensors (state_of); @param averages  same names.
  EmaScope(NamedTensors module_tensors, const NamedTensors& averages);
  ~EmaScope();
  EmaScope(const EmaScope&) = delete;
  EmaScope& operator=(const EmaScope&) = delete;

 private:
  NamedTensors module_tensors_;
  NamedTensors kept_;
};

}  // namespace kilonat::train
