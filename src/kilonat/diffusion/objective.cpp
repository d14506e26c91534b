#include "kilonat/diffusion/objective.h"

#include <cmath>
#include <numbers>

#include <torch/types.h>

namespace kilonat::diffusion {

namespace {

constexpr double kQuarterTurn = std::numbers::pi / 2;

}  // namespace

config::EnumNames<Objective> objective_names() {
  return {{"rectified_flow", Objective::kRectifiedFlow}, {"v", Objective::kV}};
}

Mix mix_at(Objective objective, double t) {
  if (objective == Objective::kRectifiedFlow) return {1 - t, t};
  return {std::cos(kQuarterTurn * t), std::sin(kQuarterTurn * t)};
}

BatchMix mix_at(Objective objective, const at::Tensor& t_B) {
  const at::Tensor t_B11 = t_B.view({-1, 1, 1});
  if (objective == Objective::kRectifiedFlow) return {1 - t_B11, t_B11};
  return {at::cos(kQuarterTurn * t_B11), at::sin(kQuarterTurn * t_B11)};
}

at::Tensor noised(Objective objective,
                  const at::Tensor& x_BCF,
                  const at::Tensor& noise_BCF,
                  const at::Tensor& t_B) {
  const BatchMix mix = mix_at(objective, t_B);
  return at::addcmul(mix.alpha_B11 * x_BCF, mix.sigma_B11, noise_BCF);
}

at::Tensor target(Objective objective,
                  const at::Tensor& x_BCF,
                  const at::Tensor& noise_BCF,
                  const at::Tensor& t_B) {
  if (objective == Objective::kRectifiedFlow) return noise_BCF - x_BCF;
  const BatchMix mix = mix_at(objective, t_B);
  return at::addcmul(mix.alpha_B11 * noise_BCF, mix.sigma_B11, x_BCF, -1);
}

at::Tensor denoised(Objective objective,
                    const at::Tensor& x_t_BCF,
                    const at::Tensor& velocity_BCF,
                    double t) {
  if (objective == Objective::kRectifiedFlow) return x_t_BCF - t * velocity_BCF;
  const Mix mix = mix_at(objective, t);
  return mix.alpha * x_t_BCF - mix.sigma * velocity_BCF;
}

GaussianVelocity gaussian_velocity(Objective objective, const at::Tensor& t_B) {
  const BatchMix mix = mix_at(objective, t_B);
  if (objective == Objective::kV) {
    return {at::zeros_like(mix.alpha_B11), at::ones_like(mix.alpha_B11)};
  }
  const at::Tensor variance_B11 = mix.alpha_B11.square() + mix.sigma_B11.square();
  return {(mix.sigma_B11 - mix.alpha_B11) / variance_B11, variance_B11.rsqrt()};
}

}  // namespace kilonat::diffusion
