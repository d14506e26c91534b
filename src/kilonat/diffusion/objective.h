#pragma once
/// How latents and noise are mixed, and what the network is asked for.
///
/// Note [Times]: t runs from 0, the latent, to 1, standard normal noise:
/// x_t = alpha(t) x + sigma(t) noise. Wanted of the network, given x_t and t:
/// - rectified_flow: alpha = 1 - t, sigma = t, target noise - x (Liu et al. 2209.03003);
/// - v: alpha = cos(pi t / 2), sigma = sin(pi t / 2), target alpha noise - sigma x
///   (Salimans & Ho 2202.00512).
/// Both targets are velocities: dx_t/dt = target, for v with the angle pi t / 2 in place of t.
/// Source: stable-audio-tools, stable_audio_tools/training/diffusion.py.

#include <ATen/core/Tensor.h>

#include "kilonat/config/schema.h"

namespace kilonat::diffusion {

enum class Objective { kRectifiedFlow, kV };

/// "rectified_flow" and "v", as configs write them.
[[nodiscard]] config::EnumNames<Objective> objective_names();

/// Weights of latent and noise.
struct Mix {
  double alpha = 1;
  double sigma = 0;
};
/// At time t in [0, 1].
[[nodiscard]] Mix mix_at(Objective objective, double t);

/// The same for a batch of times, as factors of [B, C, F].
struct BatchMix {
  at::Tensor alpha_B11;
  at::Tensor sigma_B11;
};
[[nodiscard]] BatchMix mix_at(Objective objective, const at::Tensor& t_B);

/// x_t of latents, noise and times.
[[nodiscard]] at::Tensor noised(Objective objective,
                                const at::Tensor& x_BCF,
                                const at::Tensor& noise_BCF,
                                const at::Tensor& t_B);
/// What the network should give for it.
[[nodiscard]] at::Tensor target(Objective objective,
                                const at::Tensor& x_BCF,
                                const at::Tensor& noise_BCF,
                                const at::Tensor& t_B);
/// The latent that a velocity at x_t points to.
[[nodiscard]] at::Tensor denoised(Objective objective,
                                  const at::Tensor& x_t_BCF,
                                  const at::Tensor& velocity_BCF,
                                  double t);

/// The best that can be said of N(0, 1) latents: velocity = skip(t) x_t, with an error of variance
/// scale(t)^2. x_t itself has variance alpha^2 + sigma^2 = 1 / scale^2.
struct GaussianVelocity {
  at::Tensor skip_B11;
  at::Tensor scale_B11;
};
[[nodiscard]] GaussianVelocity gaussian_velocity(Objective objective, const at::Tensor& t_B);

}  // namespace kilonat::diffusion
