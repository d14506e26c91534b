#pragma once
/// The learning rate over the steps of a run.

#include <cstdint>

namespace kilonat::config {
class Schema;
}

namespace kilonat::train {

/// The section [optim.schedule].
struct ScheduleOptions {
  std::int64_t warmup_steps = 0;     ///< the learning rate rises linearly over these
  double decay_per_step = 0.999996;  ///< DAC's exponential decay
  double cooldown_fraction = 0.0;    ///< of the run, at its end, falls along a half cosine
  double cooldown_floor = 0.01;      ///< factor reached at the last step
};

void describe(config::Schema& schema, ScheduleOptions& options);

/// Factor on the learning rate at `step` (from 0) of a run of `num_steps`.
[[nodiscard]] double learning_rate_factor(const ScheduleOptions& options,
                                          std::int64_t step,
                                          std::int64_t num_steps);

}  // namespace kilonat::train
