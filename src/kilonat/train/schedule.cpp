#include "kilonat/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kilonat/config/schema.h"

namespace kilonat::train {

void describe(config::Schema& schema, ScheduleOptions& options) {
  schema
      .field("warmup_steps",
             options.warmup_steps,
             {.doc = "the learning rate rises linearly over these", .unit = "steps", .min = 0})
      .field("decay_per_step",
             options.decay_per_step,
             {.doc = "exponential decay of the learning rate", .min = 0, .max = 1})
      .field(
          "cooldown_fraction",
          options.cooldown_fraction,
          {.doc = "this part of the run, at its end, lowers the learning rate along a half cosine",
           .min = 0,
           .max = 1})
      .field("cooldown_floor",
             options.cooldown_floor,
             {.doc = "factor on the learning rate at the last step of the cool-down",
              .min = 0,
              .max = 1});
}

double learning_rate_factor(const ScheduleOptions& options,
                            std::int64_t step,
                            std::int64_t num_steps) {
  double factor = std::pow(options.decay_per_step, static_cast<double>(step));
  if (step < options.warmup_steps) {
    factor *= static_cast<double>(step + 1) / static_cast<double>(options.warmup_steps);
  }
  const double cooldown_steps = options.cooldown_fraction * static_cast<double>(num_steps);
  const double cooldown_start = static_cast<double>(num_steps) - cooldown_steps;
  if (cooldown_steps >= 1 && static_cast<double>(step) > cooldown_start) {
    const double position =
        std::min(1.0, (static_cast<double>(step + 1) - cooldown_start) / cooldown_steps);
    const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * position));
    factor *= options.cooldown_floor + (1 - options.cooldown_floor) * cosine;
  }
  return factor;
}

}  // namespace kilonat::train
