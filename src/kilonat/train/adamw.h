#pragma once
/// AdamW with its state in sight, so that a checkpoint holds it exactly.

#include <cstdint>

#include "kilonat/kernels/update_loops.h"
#include "kilonat/train/named_tensors.h"

namespace kilonat::config {
class Schema;
}

namespace kilonat::train {

/// The sections [optim.generator] and [optim.discriminator]; defaults as DAC.
struct AdamWOptions {
  double learning_rate = 1e-4;
  double beta1 = 0.8;
  double beta2 = 0.99;
  double epsilon = 1e-8;
  double weight_decay = 0.01;  ///< decoupled, times the learning rate
  double clip_norm = 1000.0;   ///< gradients are scaled down to this norm over all parameters
};

void describe(config::Schema& schema, AdamWOptions& options);

/// Norm over all gradients of `parameters`, which are scaled by `clip_norm / norm` if it is larger.
///
/// Parameters without a gradient count as zero. One device sync.
/// @returns  the norm before clipping; NaN or Inf if a gradient is not finite (then none is
/// scaled).
double clip_gradients_(const NamedTensors& parameters, double clip_norm);

/// Loshchilov & Hutter 2019, algorithm 2, with the arithmetic of torch.optim.AdamW.
///
/// Note [Why not torch::optim::AdamW]: its state is keyed by the address of the parameter, so a
/// checkpoint depends on the order of a module's registration; here it is keyed by name.
class AdamW {
 public:
  /// Keeps references to the parameters, whose values step_() changes.
  AdamW(NamedTensors parameters, AdamWOptions options);

  /// One update from the gradients; parameters without one stay as they are.
  void step_(double learning_rate_factor);
  void zero_gradients_();
  /// Clips as clip_gradients_ with the options' norm; returns the norm before.
  double clip_gradients_() { return train::clip_gradients_(parameters_, options_.clip_norm); }

  [[nodiscard]] const NamedTensors& parameters() const { return parameters_; }
  [[nodiscard]] std::int64_t num_updates() const { return num_updates_; }
  /// "first/NAME" and "second/NAME" moments of every parameter.
  [[nodiscard]] NamedTensors state() const;
  /// @throws FormatError if names or shapes differ from state()'s.
  void restore(const NamedTensors& state, std::int64_t num_updates);

 private:
  /// Of the update number num_updates_.
  [[nodiscard]] kernels::AdamWFactors factors(double learning_rate) const;

  NamedTensors parameters_;
  AdamWOptions options_;
  NamedTensors first_moments_;
  NamedTensors second_moments_;
  std::int64_t num_updates_ = 0;
};

}  // namespace kilonat::train
