#pragma once
/// A stand-in for training: K as a decreasing, lagged, noisy function of the price that a law sets.

#include <algorithm>
#include <cmath>

#include "kilonat/base/seed_tree.h"
#include "kilonat/rate/rate_law.h"

namespace kilonat::testing {

struct PlantOptions {
  double distortion_slope = 3.0;  ///< D(K) = -slope ln K: mel distance is about linear in log rate
  double most_nats = 250.0;       ///< the model gives no more
  double least_nats = 0.5;        ///< and will not go lower
  double start_nats = 100.0;
  double lag_steps = 20.0;  ///< time constant of the weights' reaction
  double noise = 0.05;      ///< relative stddev of one batch's K
  std::uint64_t seed = 1;
};

/// Gradient flow on D(K) + law(K) in ln K, which settles where the slopes cancel:
/// K_rest = slope / price, with the price of a nat set by the law's coefficients.
class Plant {
 public:
  explicit Plant(PlantOptions options)
      : options_(options), rng_(options.seed), log_nats_(std::log(options.start_nats)) {}

  /// One batch: its K with the noise of sampling.
  [[nodiscard]] rate::RateObservation observe() {
    const double nats = std::exp(log_nats_) * std::exp(options_.noise * rng_.normal());
    return {nats, nats};
  }

  /// Moves the weights one step under `term`.
  void step(const rate::RateTerm& term) {
    const double price = term.kl_coefficient + term.matched_coefficient;
    // d/d ln K of -slope ln K + price K, in units of the slope; limited as by clipped gradients.
    const double slope = price * std::exp(log_nats_) / options_.distortion_slope - 1.0;
    log_nats_ -= std::clamp(slope, -1.0, 1.0) / options_.lag_steps;
    log_nats_ = std::clamp(log_nats_, std::log(options_.least_nats), std::log(options_.most_nats));
  }

  /// Takes `nats` off K at once, as the servo does through the spread.
  void take(double nats) {
    log_nats_ =
        std::log(std::clamp(std::exp(log_nats_) - nats, options_.least_nats, options_.most_nats));
  }

  [[nodiscard]] double nats() const { return std::exp(log_nats_); }

 private:
  PlantOptions options_;
  Rng rng_;
  double log_nats_;
};

}  // namespace kilonat::testing
