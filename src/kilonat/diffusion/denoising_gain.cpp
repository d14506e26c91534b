#include "kilonat/diffusion/denoising_gain.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::diffusion {
namespace {

constexpr int kNumLambdas = 16;
constexpr double kLargestLambda = 8;  // t from 0.98 to 0.02, from edge to edge
constexpr double kLambdaStep = 2 * kLargestLambda / kNumLambdas;

double lambda_at(std::size_t index) {
  return (static_cast<double>(index) + 0.5) * kLambdaStep - kLargestLambda;
}

double time_of(Objective objective, double lambda) {
  const double sigma_over_alpha = std::exp(-lambda / 2);
  if (objective == Objective::kRectifiedFlow) return sigma_over_alpha / (1 + sigma_over_alpha);
  return 2 / std::numbers::pi * std::atan(sigma_over_alpha);
}

}  // namespace

DenoisingGain::DenoisingGain(Objective objective)
    : objective_(objective), saved_(kNumLambdas, 0.0), frames_(kNumLambdas, 0) {
  for (std::size_t i = 0; i < kNumLambdas; ++i) times_.push_back(time_of(objective, lambda_at(i)));
}

void DenoisingGain::add(std::size_t index,
                        const at::Tensor& x_BCF,
                        const at::Tensor& noise_BCF,
                        const at::Tensor& velocity_BCF,
                        const at::Tensor& frame_mask_BF) {
  const torch::NoGradGuard no_grad;
  const double t = times_.at(index);
  const Mix mix = mix_at(objective_, t);
  const at::Tensor x_t_BCF = mix.alpha * x_BCF + mix.sigma * noise_BCF;
  const double skip = mix.alpha / (mix.alpha * mix.alpha + mix.sigma * mix.sigma);
  const at::Tensor linear_BCF = (skip * x_t_BCF - x_BCF).square();
  const at::Tensor network_BCF = (denoised(objective_, x_t_BCF, velocity_BCF, t) - x_BCF).square();
  at::Tensor saved_BF = (linear_BCF - network_BCF).sum(1);
  if (frame_mask_BF.defined()) saved_BF = saved_BF.masked_fill(frame_mask_BF.logical_not(), 0);
  saved_[index] += saved_BF.to(torch::kDouble).sum().item<double>();
  frames_[index] += frame_mask_BF.defined() ? frame_mask_BF.sum().item<std::int64_t>()
                                            : x_BCF.size(0) * x_BCF.size(2);
}

double DenoisingGain::nats_per_frame() const {
  double nats = 0;
  for (std::size_t i = 0; i < times_.size(); ++i) {
    KILONAT_REQUIRE(
        frames_[i] > 0, DataError, "measuring what is known of latents: none at t = {}", times_[i]);
    const double saved = saved_[i] / static_cast<double>(frames_[i]);
    KILONAT_REQUIRE(std::isfinite(saved),
                    NumericError,
                    "measuring what is known of latents: the errors at t = {} are not finite",
                    times_[i]);
    nats += 0.5 * std::exp(lambda_at(i)) * std::max(0.0, saved) * kLambdaStep;
  }
  return nats;
}

}  // namespace kilonat::diffusion
