#include "kilonat/diffusion/sampler.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::diffusion {

namespace {

constexpr double kLowestLogSnr = -2;
constexpr double kHighestLogSnr = 6;

/// The time at which ln(alpha^2 / sigma^2) is `log_snr`.
double time_of(Objective objective, double log_snr) {
  const double ratio = std::exp(-log_snr / 2);  // sigma / alpha
  if (objective == Objective::kRectifiedFlow) return ratio / (1 + ratio);
  return std::atan(ratio) * 2 / std::numbers::pi;
}

double log_snr_at(Objective objective, double t) {
  const Mix mix = mix_at(objective, t);
  return 2 * std::log(mix.alpha / mix.sigma);
}

/// What the velocity is the derivative by: t, or the angle.
double clock(Objective objective, double t) {
  return objective == Objective::kRectifiedFlow ? t : t * std::numbers::pi / 2;
}

/// A solver's memory and what it asks.
struct Stepper {
  Objective objective;
  const Velocity& velocity;
  const StateHook& constrain;
  at::Tensor previous_denoised_BCF{};
  double previous_step_log_snr = 0;

  [[nodiscard]] at::Tensor constrained(const at::Tensor& x_BCF, double t) const {
    return constrain ? constrain(x_BCF, t) : x_BCF;
  }

  [[nodiscard]] at::Tensor euler(const at::Tensor& x_BCF, double t, double next) const {
    return x_BCF + (clock(objective, next) - clock(objective, t)) * velocity(x_BCF, t);
  }

  /// The trapezoidal rule; the last step, into t = 0, is Euler's: there the network was hardly
  /// trained, and one step of lower order leaves the order of the whole.
  [[nodiscard]] at::Tensor heun(const at::Tensor& x_BCF, double t, double next) const {
    if (next == 0) return euler(x_BCF, t, next);
    const double step = clock(objective, next) - clock(objective, t);
    const at::Tensor slope_BCF = velocity(x_BCF, t);
    const at::Tensor guess_BCF = constrained(x_BCF + step * slope_BCF, next);
    return x_BCF + step / 2 * (slope_BCF + velocity(guess_BCF, next));
  }

  /// First order where there is no past, or where the logarithm is infinite: at both ends.
  at::Tensor dpmpp2m(const at::Tensor& x_BCF, double t, double next) {
    const Mix now = mix_at(objective, t);
    const Mix then = mix_at(objective, next);
    const at::Tensor denoised_BCF = denoised(objective, x_BCF, velocity(x_BCF, t), t);
    const bool is_end = next == 0 || t == 1;
    const double step = is_end ? 0 : (log_snr_at(objective, next) - log_snr_at(objective, t)) / 2;
    at::Tensor direction_BCF = denoised_BCF;
    if (!is_end && previous_denoised_BCF.defined()) {
      const double half_ratio = step / (2 * previous_step_log_snr);  // 1 / (2 r)
      direction_BCF = (1 + half_ratio) * denoised_BCF - half_ratio * previous_denoised_BCF;
    }
    // alpha' (1 - e^-h), with e^-h = (sigma' / alpha') (alpha / sigma).
    const double kept = then.sigma / now.sigma;
    const double taken = then.alpha - kept * now.alpha;
    previous_denoised_BCF = is_end ? at::Tensor() : denoised_BCF;
    previous_step_log_snr = step;
    return kept * x_BCF + taken * direction_BCF;
  }

  at::Tensor step(Solver solver, const at::Tensor& x_BCF, double t, double next) {
    switch (solver) {
      case Solver::kEuler:
        return euler(x_BCF, t, next);
      case Solver::kHeun:
        return heun(x_BCF, t, next);
      case Solver::kDpmpp2m:
        return dpmpp2m(x_BCF, t, next);
    }
    throw InternalError("sampling: unknown solver");
  }
};

void check_times(const std::vector<double>& times) {
  KILONAT_REQUIRE(times.size() >= 2 && times.front() <= 1 && times.back() >= 0,
                  ConfigError,
                  "sampling: {} times, expected 2 or more between 1 and 0",
                  times.size());
  for (std::size_t i = 1; i < times.size(); ++i) {
    KILONAT_REQUIRE(times[i] < times[i - 1],
                    ConfigError,
                    "sampling: time {} follows time {}, expected falling times",
                    times[i],
                    times[i - 1]);
  }
}

}  // namespace

config::EnumNames<Solver> solver_names() {
  return {{"euler", Solver::kEuler}, {"heun", Solver::kHeun}, {"dpmpp2m", Solver::kDpmpp2m}};
}

config::EnumNames<Grid> grid_names() {
  return {{"uniform", Grid::kUniform}, {"log_snr", Grid::kLogSnr}};
}

void describe(config::Schema& schema, SamplerOptions& options) {
  schema
      .field("solver",
             options.solver,
             solver_names(),
             {.doc = "euler (order 1), heun (order 2, two evaluations a step), dpmpp2m (order 2)"})
      .field("num_steps",
             options.num_steps,
             {.doc = "steps from noise to latent", .min = 1, .max = 10000})
      .field("grid",
             options.grid,
             grid_names(),
             {.doc = "steps of equal length in time, or in the logarithm of the signal-to-noise "
                     "ratio"});
}

std::vector<double> time_grid(const SamplerOptions& options, Objective objective, double start) {
  KILONAT_REQUIRE(start > 0 && start <= 1 && options.num_steps >= 1,
                  ConfigError,
                  "sampling: {} steps from time {}, expected 1 or more from a time above 0, at "
                  "most 1",
                  options.num_steps,
                  start);
  const double lowest = start < 1 ? log_snr_at(objective, start) : kLowestLogSnr;
  const double highest = std::max(kHighestLogSnr, lowest + 2);
  std::vector<double> times;
  for (std::int64_t i = 0; i <= options.num_steps; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(options.num_steps);
    times.push_back(options.grid == Grid::kUniform
                        ? start * (1 - share)
                        : time_of(objective, lowest + share * (highest - lowest)));
  }
  times.front() = start;
  times.back() = 0;
  return times;
}

at::Tensor sample(Solver solver,
                  Objective objective,
                  const Velocity& velocity,
                  const at::Tensor& x_BCF,
                  const std::vector<double>& times,
                  const SamplerHooks& hooks) {
  check_times(times);
  const torch::NoGradGuard no_grad;
  Stepper stepper{.objective = objective, .velocity = velocity, .constrain = hooks.constrain};
  at::Tensor state_BCF = stepper.constrained(x_BCF, times.front());
  const auto num_steps = static_cast<std::int64_t>(times.size()) - 1;
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    const at::Tensor next_BCF = stepper.step(solver, state_BCF, times[i], times[i + 1]);
    state_BCF = stepper.constrained(next_BCF, times[i + 1]);
    if (hooks.after_step) hooks.after_step(static_cast<std::int64_t>(i) + 1, num_steps);
  }
  KILONAT_REQUIRE(at::isfinite(state_BCF).all().item<bool>(),
                  NumericError,
                  "sampling: the latent has values that are not finite after {} steps",
                  num_steps);
  return state_BCF;
}

at::Tensor noised_start(Objective objective,
                        const at::Tensor& latent_BCF,
                        const at::Tensor& noise_BCF,
                        double t) {
  const Mix mix = mix_at(objective, t);
  return mix.alpha * latent_BCF + mix.sigma * noise_BCF;
}

StateHook keep_known(Objective objective,
                     const at::Tensor& known_BCF,
                     const at::Tensor& noise_BCF,
                     const at::Tensor& is_known_BF) {
  tensor::expect_shape(
      noise_BCF, "noise", {known_BCF.size(0), known_BCF.size(1), known_BCF.size(2)});
  tensor::expect_shape(is_known_BF, "known frames", {known_BCF.size(0), known_BCF.size(2)});
  const at::Tensor is_known_B1F = is_known_BF.unsqueeze(1);
  return [=](const at::Tensor& x_BCF, double t) {
    return at::where(is_known_B1F, noised_start(objective, known_BCF, noise_BCF, t), x_BCF);
  };
}

}  // namespace kilonat::diffusion
