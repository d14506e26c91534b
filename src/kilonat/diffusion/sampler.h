#pragma once
/// From noise to a latent: solvers of the probability-flow equation.
///
/// B batch, C latent channels, F frames.

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kilonat/config/schema.h"
#include "kilonat/diffusion/objective.h"

namespace kilonat::diffusion {

/// x_t [B, C, F] and t in [0, 1] -> velocity [B, C, F] (objective.h).
using Velocity = std::function<at::Tensor(const at::Tensor& x_BCF, double t)>;

enum class Solver { kEuler, kHeun, kDpmpp2m };
[[nodiscard]] config::EnumNames<Solver> solver_names();

/// How the times of the steps lie between start and 0.
enum class Grid { kUniform, kLogSnr };
[[nodiscard]] config::EnumNames<Grid> grid_names();

/// The section [sampler].
struct SamplerOptions {
  /// euler: order 1, one evaluation a step; heun: order 2, two; dpmpp2m: DPM-Solver++(2M),
  /// order 2, one (Lu et al. 2211.01095, algorithm 2).
  Solver solver = Solver::kEuler;
  std::int64_t num_steps = 50;
  /// uniform in t, or uniform in ln(alpha^2 / sigma^2) from -2 to 6 with ends at noise and latent
  /// (stable-audio-tools inference/sampling.py).
  Grid grid = Grid::kUniform;
};

void describe(config::Schema& schema, SamplerOptions& options);

/// Falling times from `start` in (0, 1] to 0, num_steps + 1 of them.
/// @throws ConfigError for another start or no step.
[[nodiscard]] std::vector<double> time_grid(const SamplerOptions& options,
                                            Objective objective,
                                            double start = 1);

/// Changes a state at time t; called on the first state and on every state that a step makes.
using StateHook = std::function<at::Tensor(const at::Tensor& x_BCF, double t)>;

/// Called after each step; for progress and interruption (throw to stop).
using StepHook = std::function<void(std::int64_t step, std::int64_t num_steps)>;

struct SamplerHooks {
  StateHook constrain{};
  StepHook after_step{};
};

/// Solves from times.front() down to times.back().
///
/// @param x_BCF  the state at times.front(): standard normal noise for 1, noised_start() for less.
/// @returns      the state at times.back(): a latent for 0.
/// @throws ConfigError for times that do not fall; NumericError for a state that is not finite.
[[nodiscard]] at::Tensor sample(Solver solver,
                                Objective objective,
                                const Velocity& velocity,
                                const at::Tensor& x_BCF,
                                const std::vector<double>& times,
                                const SamplerHooks& hooks = {});

/// Where sound-to-sound starts: the latent with noise of time `t`. The nearer t is to 1, the less
/// stays of it.
[[nodiscard]] at::Tensor noised_start(Objective objective,
                                      const at::Tensor& latent_BCF,
                                      const at::Tensor& noise_BCF,
                                      double t);

/// Keeps known frames: in every state they are the known latent, with `noise` of the state's time.
///
/// @param is_known_BF  bool, true: keep.
[[nodiscard]] StateHook keep_known(Objective objective,
                                   const at::Tensor& known_BCF,
                                   const at::Tensor& noise_BCF,
                                   const at::Tensor& is_known_BF);

}  // namespace kilonat::diffusion
