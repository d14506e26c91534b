#include "kilonat/codec/discriminator.h"

#include <cmath>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::codec {
namespace {

constexpr double kPeak = 0.8;
constexpr double kPeakEpsilon = 1e-9;

void require_positive(const std::vector<std::int64_t>& values, const char* key) {
  KILONAT_REQUIRE(!values.empty(), ConfigError, "discriminator: {} is empty", key);
  for (const std::int64_t value : values) {
    KILONAT_REQUIRE(value > 0, ConfigError, "discriminator: {} has {}, expected > 0", key, value);
  }
}

void check_bands(const DiscriminatorOptions& options) {
  KILONAT_REQUIRE(
      !options.band_starts.empty() && options.band_starts.size() == options.band_ends.size(),
      ConfigError,
      "discriminator: {} band_starts, {} band_ends, expected as many, and one at least",
      options.band_starts.size(),
      options.band_ends.size());
  for (std::size_t i = 0; i < options.band_starts.size(); ++i) {
    const double start = options.band_starts[i];
    const double end = options.band_ends[i];
    KILONAT_REQUIRE(0 <= start && start < end && end <= 1,
                    ConfigError,
                    "discriminator: band {} to {}, expected 0 <= start < end <= 1",
                    start,
                    end);
    for (const std::int64_t fft_size : options.fft_sizes) {
      const auto bins = static_cast<double>(fft_size / 2 + 1);
      KILONAT_REQUIRE(std::floor(end * bins) > std::floor(start * bins),
                      ConfigError,
                      "discriminator: band {} to {} has no bin at fft size {}",
                      start,
                      end,
                      fft_size);
    }
  }
}

std::vector<PeriodDiscriminatorOptions> period_options(const DiscriminatorOptions& options) {
  check(options);
  std::vector<PeriodDiscriminatorOptions> result;
  for (const std::int64_t period : options.periods) {
    result.push_back({.period = period, .widths = options.period_widths});
  }
  return result;
}

std::vector<ResolutionDiscriminatorOptions> resolution_options(
    const DiscriminatorOptions& options) {
  std::vector<Band> bands;
  for (std::size_t i = 0; i < options.band_starts.size(); ++i) {
    bands.push_back({options.band_starts[i], options.band_ends[i]});
  }
  std::vector<ResolutionDiscriminatorOptions> result;
  for (const std::int64_t fft_size : options.fft_sizes) {
    result.push_back({.fft_size = fft_size, .widths = options.resolution_widths, .bands = bands});
  }
  return result;
}

}  // namespace

void describe(config::Schema& schema, DiscriminatorOptions& options) {
  schema
      .field(
          "periods",
          options.periods,
          {.doc = "one discriminator of the folded signal for each", .unit = "samples", .min = 1})
      .field("period_widths", options.period_widths, {.doc = "channels of their layers", .min = 1})
      .field("fft_sizes",
             options.fft_sizes,
             {.doc = "one discriminator of the complex spectrogram for each; multiples of 4",
              .unit = "samples",
              .min = 8})
      .field("resolution_widths",
             options.resolution_widths,
             {.doc = "channels of their layers", .min = 1})
      .field("band_starts",
             options.band_starts,
             {.doc = "parts of the spectrum with layers of their own", .min = 0, .max = 1})
      .field("band_ends", options.band_ends, {.doc = "their ends", .min = 0, .max = 1});
}

void check(const DiscriminatorOptions& options) {
  KILONAT_REQUIRE(!options.periods.empty() || !options.fft_sizes.empty(),
                  ConfigError,
                  "discriminator: neither periods nor fft_sizes; leave the phase out instead "
                  "(adversarial.start_step = -1)");
  if (!options.periods.empty()) {
    require_positive(options.periods, "periods");
    require_positive(options.period_widths, "period_widths");
  }
  if (options.fft_sizes.empty()) return;
  require_positive(options.resolution_widths, "resolution_widths");
  for (const std::int64_t fft_size : options.fft_sizes) {
    KILONAT_REQUIRE(fft_size >= 8 && fft_size % 4 == 0,
                    ConfigError,
                    "discriminator: fft size {}, expected a multiple of 4 from 8 on",
                    fft_size);
  }
  check_bands(options);
}

at::Tensor normalise_for_discriminator(const at::Tensor& x_BCT) {
  const at::Tensor centred = x_BCT - x_BCT.mean(-1, /*keepdim=*/true);
  const at::Tensor peak = centred.abs().amax(at::IntArrayRef{1, 2}, /*keepdim=*/true);
  return kPeak * centred / (peak + kPeakEpsilon);
}

DiscriminatorImpl::DiscriminatorImpl(const DiscriminatorOptions& options)
    : DiscriminatorImpl(period_options(options), resolution_options(options)) {}

DiscriminatorImpl::DiscriminatorImpl(
    const std::vector<PeriodDiscriminatorOptions>& periods,
    const std::vector<ResolutionDiscriminatorOptions>& resolutions) {
  for (const auto& options : periods) {
    periods_.emplace_back(options);
    discriminators_->push_back(periods_.back());
  }
  for (const auto& options : resolutions) {
    resolutions_.emplace_back(options);
    discriminators_->push_back(resolutions_.back());
  }
  register_module("discriminators", discriminators_);
}

FeatureMaps DiscriminatorImpl::forward(const at::Tensor& x_BCT) {
  tensor::expect_shape(x_BCT, "audio", {tensor::kAny, tensor::kAny, tensor::kAny});
  const at::Tensor x_N1T = normalise_for_discriminator(x_BCT).reshape({-1, 1, x_BCT.size(2)});
  FeatureMaps maps;
  for (PeriodDiscriminator& discriminator : periods_) maps.push_back(discriminator(x_N1T));
  for (ResolutionDiscriminator& discriminator : resolutions_) {
    maps.push_back(discriminator(x_N1T));
  }
  return maps;
}

void DiscriminatorImpl::set_precision(kernels::Precision precision) {
  for (PeriodDiscriminator& discriminator : periods_) discriminator->set_precision(precision);
  for (ResolutionDiscriminator& discriminator : resolutions_) {
    discriminator->set_precision(precision);
  }
}

void initialise(DiscriminatorImpl& model, at::Generator generator) {
  const at::NoGradGuard no_grad;
  auto parameters = model.named_parameters();
  for (auto& item : parameters) {
    if (!item.key().ends_with(".weight_v")) continue;
    const std::string layer = item.key().substr(0, item.key().size() - 8);
    at::Tensor& direction = item.value();
    const auto fan_in = static_cast<double>(direction[0].numel());
    const double bound = 1 / std::sqrt(fan_in);
    direction.uniform_(-bound, bound, generator);
    parameters[layer + "weight_g"].copy_(at::norm_except_dim(direction, 2, 0));
    parameters[layer + "bias"].uniform_(-bound, bound, generator);
  }
}

}  // namespace kilonat::codec
