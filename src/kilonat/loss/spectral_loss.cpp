#include "kilonat/loss/spectral_loss.h"

#include <cmath>
#include <numbers>

#include <ATen/ATen.h>

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
      .field("pow", options.pow, {.doc = "exponent within the logarithm", .min = 0})
      .field("mag_weight", options.mag_weight, {.doc = "weight of the linear term", .min = 0})
      .field("log_weight", options.log_weight, {.doc = "weight of the log10 term", .min = 0})
      .field("window_type",
             options.window_type,
             {.doc = "analysis window", .choices = {"hann", "sqrt_hann"}});
}

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
}

at::Tensor SpectralLoss::magnitude(const at::Tensor& x_BCT, std::size_t scale) const {
  const at::Tensor magnitude = stfts_[scale].magnitude(x_BCT);
  if (filters_MW_.empty()) return magnitude;
  return at::matmul(filters_MW_[scale].to(magnitude.options()), magnitude);
}

at::Tensor SpectralLoss::logarithm(const at::Tensor& magnitude) const {
  // log10(x^pow) = pow log10(x), without the underflow of x^pow in float32.
  return magnitude.clamp_min(options_.clamp_eps).log() * (options_.pow / std::numbers::ln10);
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
      value = value + options_.log_weight * (logarithm(x) - logarithm(y)).abs().mean();
    }
    if (options_.mag_weight != 0) value = value + options_.mag_weight * (x - y).abs().mean();
    values.push_back(value);
  }
  return values;
}

at::Tensor SpectralLoss::operator()(const at::Tensor& estimate_BCT,
                                    const at::Tensor& reference_BCT) const {
  return at::stack(per_scale(estimate_BCT, reference_BCT)).sum();
}

}  // namespace kilonat::loss
