#include "kilonat/diffusion/conditioning.h"

#include <cmath>
#include <numbers>

#include <torch/types.h>

#include "kilonat/diffusion/attention.h"
#include "kilonat/diffusion/layers.h"

namespace kilonat::diffusion {

namespace {

constexpr std::int64_t kNumFrequencies = 32;
// Of times in [0, 1]: the finest feature turns round in 1/16, coarser than the noise of sampling.
constexpr double kLowestPerTime = 0.25;
constexpr double kHighestPerTime = 16;
// Of the binary logarithm of a duration in seconds: from 20 octaves a turn to half a one.
constexpr double kLowestPerOctave = 0.05;
constexpr double kHighestPerOctave = 2;

at::Tensor normal(at::IntArrayRef shape, const at::Generator& generator) {
  return torch::randn(shape, generator, torch::kFloat32);
}

}  // namespace

at::Tensor fourier_features(const at::Tensor& values_B,
                            double lowest,
                            double highest,
                            std::int64_t num_frequencies) {
  const at::Tensor exponent =
      at::linspace(std::log(lowest), std::log(highest), num_frequencies, values_B.options());
  const at::Tensor angle = at::outer(values_B, at::exp(exponent) * (2 * std::numbers::pi));
  return at::cat({at::cos(angle), at::sin(angle)}, 1);
}

TextConditioningImpl::TextConditioningImpl(const TransformerOptions& options)
    : depth_(options.depth), heads_(options.heads) {
  const std::int64_t width = options.width;
  tokens_ = register_module("tokens", linear(options.text_width, width, true));
  norm_N_ = register_parameter("norm", torch::ones({width}));
  null_token_N_ = register_parameter("null_token", torch::zeros({width}));
  kv_ = register_module("kv", linear(width, depth_ * 2 * width));
  pooled_ = register_module("pooled", linear(options.text_width, width, true));
  null_pooled_N_ = register_parameter("null_pooled", torch::zeros({width}));
}

void TextConditioningImpl::initialise(const at::Generator& generator) {
  const torch::NoGradGuard no_grad;
  for (auto* layer : {&tokens_, &kv_, &pooled_}) set_uniform(**layer, generator);
  for (const at::Tensor& null : {null_token_N_, null_pooled_N_}) {
    null.copy_(normal(null.sizes(), generator));
  }
}

TextContext TextConditioningImpl::forward(const text::TextFeatures& text,
                                          const at::Tensor& is_dropped_B) {
  const std::int64_t batch = text.tokens_BLD.size(0);
  at::Tensor is_null_B = text.mask_BL.any(1).logical_not();
  if (is_dropped_B.defined()) is_null_B = is_null_B.logical_or(is_dropped_B);
  const at::Tensor is_null_B1 = is_null_B.unsqueeze(1);
  const at::Tensor tokens_BLN =
      at::cat({tokens_(text.tokens_BLD), null_token_N_.expand({batch, 1, -1})}, 1);
  const at::Tensor mask_BL =
      at::cat({text.mask_BL.logical_and(is_null_B1.logical_not()), is_null_B1}, 1);

  const at::Tensor kv_BLK2HE =
      kv_(normalised(tokens_BLN, norm_N_)).unflatten(2, {depth_, 2, heads_, -1});
  const double scale = 1 / std::sqrt(static_cast<double>(kv_BLK2HE.size(-1)));
  const at::Tensor keys_BLKHE = normalised(kv_BLK2HE.select(3, 0)) * scale;
  return {.kv_BLK2N = at::stack({keys_BLKHE, kv_BLK2HE.select(3, 1)}, 3).flatten(3),
          .bias_B11L = key_bias(mask_BL),
          .pooled_BN = at::where(is_null_B1, null_pooled_N_, pooled_(text.pooled_BD))};
}

GlobalConditioningImpl::GlobalConditioningImpl(const TransformerOptions& options) {
  const std::int64_t width = options.width;
  time_in_ = register_module("time_in", linear(2 * kNumFrequencies, width, true));
  time_out_ = register_module("time_out", linear(width, width, true));
  duration_in_ = register_module("duration_in", linear(2 * kNumFrequencies, width, true));
  duration_out_ = register_module("duration_out", linear(width, width, true));
  shared_ = register_module("shared", linear(width, width, true));
  modulation_ = register_module("modulation", linear(width, 8 * width, true));
}

void GlobalConditioningImpl::initialise(const at::Generator& generator) {
  for (auto* layer : {&time_in_, &time_out_, &duration_in_, &duration_out_, &shared_}) {
    set_uniform(**layer, generator);
  }
  set_zero(*modulation_);
}

GlobalContext GlobalConditioningImpl::forward(const at::Tensor& t_B,
                                              const at::Tensor& duration_s_B,
                                              const at::Tensor& pooled_BN) {
  const at::Tensor time_BN = time_out_(
      at::silu(time_in_(fourier_features(t_B, kLowestPerTime, kHighestPerTime, kNumFrequencies))));
  const at::Tensor duration_BN = duration_out_(at::silu(duration_in_(fourier_features(
      at::log2(duration_s_B), kLowestPerOctave, kHighestPerOctave, kNumFrequencies))));
  const at::Tensor shared_BN = at::silu(shared_(at::silu(time_BN + duration_BN + pooled_BN)));
  const at::Tensor all_B8N = modulation_(shared_BN).unflatten(1, {8, -1});
  return {.modulation_B6N = all_B8N.narrow(1, 0, 6), .output_B2N = all_B8N.narrow(1, 6, 2)};
}

}  // namespace kilonat::diffusion
