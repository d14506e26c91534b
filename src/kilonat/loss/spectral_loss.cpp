#include "kilonat/loss/spectral_loss.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <torch/autograd.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/config/schema.h"
#include "kilonat/dsp/mel.h"

namespace kilonat::loss {

namespace {

void describe_shared(config::Schema& schema, SpectralLossOptions& options) {
  schema
      .field("window_lengths",
             options.window_lengths,
             {.doc = "STFT windows, one per scale", .unit = "samples", .min = 4, .max = 65536})
      .field("clamp_eps", options.clamp_eps, {.doc = "smallest magnitude in a logarithm", .min = 0})
      .field("noise_floor_dbfs",
             options.noise_floor_dbfs,
             {.doc = "level of white noise below which a logarithm hears nothing; -200: as DAC",
              .unit = "dBFS",
              .min = kNoNoiseFloor,
              .max = 0})
      .field("pow", options.pow, {.doc = "exponent within the logarithm", .min = 0})
      .field("mag_weight", options.mag_weight, {.doc = "weight of the linear term", .min = 0})
      .field("log_weight", options.log_weight, {.doc = "weight of the log10 term", .min = 0})
      .field("window_type",
             options.window_type,
             {.doc = "analysis window", .choices = {"hann", "sqrt_hann"}});
}

/// The sum of all scales, whose gradient is found along with it.
class FastDistance : public torch::autograd::Function<FastDistance> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context,
                            const at::Tensor& estimate_BCT,
                            const at::Tensor& reference_BCT,
                            const std::vector<SpectralScale>* scales,
                            bool with_gradient) {
    const std::int64_t length = estimate_BCT.size(-1);
    const at::Tensor estimate_NT = estimate_BCT.reshape({-1, length}).contiguous();
    const at::Tensor reference_NT = reference_BCT.reshape({-1, length}).contiguous();
    double value = 0;
    at::Tensor gradient;
    for (const SpectralScale& scale : *scales) {
      const ValueAndGradient part = compare(scale, estimate_NT, reference_NT, with_gradient);
      value += part.value;
      gradient = gradient.defined() ? gradient.add_(part.gradient_NT) : part.gradient_NT;
    }
    if (with_gradient) context->save_for_backward({gradient.reshape(estimate_BCT.sizes())});
    return at::full({}, value, estimate_BCT.options());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    KILONAT_REQUIRE(!at::GradMode::is_enabled(),
                    InternalError,
                    "spectral loss: a second derivative needs per_scale()");
    return {context->get_saved_variables()[0] * grads[0], {}, {}, {}};
  }
};

double value_or_zero(const std::vector<double>& values, std::size_t scale) {
  return values.empty() ? 0.0 : values[scale];
}

}  // namespace

void describe(config::Schema& schema, MelLossOptions& options) {
  describe_shared(schema, options);
  schema
      .field("num_mels",
             options.num_mels,
             {.doc = "mel bands, one number per window", .min = 1, .max = 4096})
      .field("min_hz",
             options.min_hz,
             {.doc = "lowest frequency, one per window; empty: 0", .unit = "Hz", .min = 0})
      .field("max_hz",
             options.max_hz,
             {.doc = "highest frequency, one per window; empty or 0: half the sample rate",
              .unit = "Hz",
              .min = 0});
}

StftLossOptions::StftLossOptions() {
  window_lengths = {2048, 512};
  pow = 2.0;
  mag_weight = 1.0;
}

void describe(config::Schema& schema, StftLossOptions& options) {
  describe_shared(schema, options);
}

SpectralLoss::SpectralLoss(const StftLossOptions& options) : options_(options) {
  for (const std::int64_t window : options.window_lengths) {
    stfts_.emplace_back(
        dsp::StftOptions{.window_length = window, .window_type = options.window_type});
  }
  finish();
}

SpectralLoss::SpectralLoss(const MelLossOptions& options, std::int64_t sample_rate_hz)
    : options_(options) {
  const std::size_t scales = options.window_lengths.size();
  const auto fits = [scales](const auto& list) { return list.empty() || list.size() == scales; };
  KILONAT_REQUIRE(options.num_mels.size() == scales && fits(options.min_hz) && fits(options.max_hz),
                  ConfigError,
                  "mel loss: {} windows, but {} entries in num_mels, {} in min_hz, {} in max_hz",
                  scales,
                  options.num_mels.size(),
                  options.min_hz.size(),
                  options.max_hz.size());
  for (std::size_t scale = 0; scale < scales; ++scale) {
    const std::int64_t window = options.window_lengths[scale];
    stfts_.emplace_back(
        dsp::StftOptions{.window_length = window, .window_type = options.window_type});
    filters_MW_.push_back(dsp::mel_filterbank({.sample_rate_hz = sample_rate_hz,
                                               .fft_size = window,
                                               .num_mels = options.num_mels[scale],
                                               .min_hz = value_or_zero(options.min_hz, scale),
                                               .max_hz = value_or_zero(options.max_hz, scale)}));
  }
  finish();
}

at::Tensor SpectralLoss::make_floors(std::size_t scale) const {
  const at::Tensor window = stfts_[scale].window();
  const double level = std::pow(10.0, options_.noise_floor_dbfs / 20) *
                       std::sqrt(window.to(at::kDouble).square().sum().item<double>());
  const at::Tensor gains = filters_MW_.empty()
                               ? at::ones({window.numel() / 2 + 1, 1}, at::kDouble)
                               : filters_MW_[scale].to(at::kDouble).sum(1, /*keepdim=*/true);
  return (gains * level).clamp_min(options_.clamp_eps).contiguous();
}

void SpectralLoss::finish() {
  for (std::size_t scale = 0; scale < stfts_.size(); ++scale) {
    floors_M1_.push_back(make_floors(scale));
    const double* floors = floors_M1_.back().data_ptr<double>();
    scales_.push_back(
        {.window = stfts_[scale].window(),
         .hop = stfts_[scale].options().hop_length,
         .filters = sparse_filters(filters_MW_.empty() ? at::Tensor() : filters_MW_[scale]),
         .floors = {floors, floors + floors_M1_.back().numel()},
         .log_factor = options_.log_weight * options_.pow / std::numbers::ln10,
         .mag_weight = options_.mag_weight});
  }
}

bool SpectralLoss::takes_fast_path(const at::Tensor& estimate_BCT,
                                   const at::Tensor& reference_BCT) const {
  const auto fits = [](const at::Tensor& x) {
    return x.device().is_cpu() && x.scalar_type() == at::kFloat && x.numel() > 0;
  };
  const bool is_long_enough = std::all_of(scales_.begin(), scales_.end(), [&](const auto& scale) {
    return estimate_BCT.size(-1) > scale.window.numel() / 2;
  });
  return estimate_BCT.sizes() == reference_BCT.sizes() && fits(estimate_BCT) &&
         fits(reference_BCT) && is_long_enough &&
         !(at::GradMode::is_enabled() && reference_BCT.requires_grad());
}

at::Tensor SpectralLoss::magnitude(const at::Tensor& x_BCT, std::size_t scale) const {
  const at::Tensor magnitude = stfts_[scale].magnitude(x_BCT);
  if (filters_MW_.empty()) return magnitude;
  return at::matmul(filters_MW_[scale].to(magnitude.options()), magnitude);
}

at::Tensor SpectralLoss::logarithm(const at::Tensor& magnitude, std::size_t scale) const {
  // log10(x^pow) = pow log10(x), without the underflow of x^pow in float32.
  return at::maximum(magnitude, floors_M1_[scale].to(magnitude.options())).log() *
         (options_.pow / std::numbers::ln10);
}

std::vector<at::Tensor> SpectralLoss::per_scale(const at::Tensor& estimate_BCT,
                                                const at::Tensor& reference_BCT) const {
  KILONAT_REQUIRE(estimate_BCT.sizes() == reference_BCT.sizes(),
                  ShapeError,
                  "spectral loss: estimate and reference differ in shape");
  std::vector<at::Tensor> values;
  for (std::size_t scale = 0; scale < stfts_.size(); ++scale) {
    const at::Tensor x = magnitude(estimate_BCT, scale);
    const at::Tensor y = magnitude(reference_BCT, scale);
    at::Tensor value = at::zeros({}, x.options());
    if (options_.log_weight != 0) {
      value =
          value + options_.log_weight * (logarithm(x, scale) - logarithm(y, scale)).abs().mean();
    }
    if (options_.mag_weight != 0) value = value + options_.mag_weight * (x - y).abs().mean();
    values.push_back(value);
  }
  return values;
}

at::Tensor SpectralLoss::operator()(const at::Tensor& estimate_BCT,
                                    const at::Tensor& reference_BCT) const {
  if (estimate_BCT.dim() > 0 && takes_fast_path(estimate_BCT, reference_BCT)) {
    const bool with_gradient = at::GradMode::is_enabled() && estimate_BCT.requires_grad();
    return FastDistance::apply(estimate_BCT, reference_BCT, &scales_, with_gradient);
  }
  return at::stack(per_scale(estimate_BCT, reference_BCT)).sum();
}

}  // namespace kilonat::loss
