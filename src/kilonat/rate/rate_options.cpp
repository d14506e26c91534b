#include "kilonat/config/schema.h"
#include "kilonat/rate/law.h"
#include "kilonat/rate/rate_law.h"

namespace kilonat::rate {

void describe(config::Schema& schema, RateLawOptions& options) {
  schema
      .field("law",
             options.law,
             {.doc = "how the rate is held, see docs/target_kl.md", .choices = law_names()})
      .field(
          "target_kbps",
          options.target_kbps,
          {.doc = "the rate asked for: mean over training excerpts", .unit = "kbit/s", .min = 1e-6})
      .field("weight",
             options.weight,
             {.doc = "penalty laws, matched: weight of the penalty in the loss", .min = 0})
      .field("aggregate_weight",
             options.aggregate_weight,
             {.doc = "matched, dual: weight of A / K*, A = KL(aggregate || prior)", .min = 0})
      .field("beta", options.beta, {.doc = "fixed: loss per nat per frame", .min = 0})
      .field("initial_beta",
             options.initial_beta,
             {.doc = "dual: weight of K / K* at the first step", .min = 1e-12})
      .field("gain",
             options.gain,
             {.doc = "dual: change of ln beta a step per unit of relative error (K - K*) / K*",
              .min = 0,
              .max = 1})
      .field("proportional_gain",
             options.proportional_gain,
             {.doc = "dual: change of ln beta while the relative error is 1; damps",
              .min = 0,
              .max = 100})
      .field(
          "servo_gain",
          options.servo_gain,
          {.doc = "dual: share of the error that a step takes off the posterior's spread itself; "
                  "0: leave it to the gradient",
           .min = 0,
           .max = 1})
      .field("min_beta", options.min_beta, {.doc = "dual: lower bound of beta", .min = 1e-12})
      .field("max_beta", options.max_beta, {.doc = "dual: upper bound of beta", .min = 1e-12})
      .field("smoothing",
             options.smoothing,
             {.doc = "share of the smoothed K that a step keeps", .min = 0, .max = 0.9999})
      .field("warmup_steps",
             options.warmup_steps,
             {.doc = "over which the target falls, geometrically, to the rate asked for",
              .unit = "steps",
              .min = 0})
      .field("start_factor",
             options.start_factor,
             {.doc = "where the warm-up starts, in units of the target; 0: at the first measured K",
              .min = 0});
}

}  // namespace kilonat::rate
