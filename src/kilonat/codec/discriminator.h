#pragma once
/// The discriminators of adversarial training: several periods and several resolutions.

#include <cstdint>
#include <vector>

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>

#include "kilonat/codec/period_discriminator.h"
#include "kilonat/codec/resolution_discriminator.h"
#include "kilonat/config/schema.h"

namespace kilonat::codec {

/// Defaults: DAC, 42.5 M parameters.
struct DiscriminatorOptions {
  std::vector<std::int64_t> periods{2, 3, 5, 7, 11};
  std::vector<std::int64_t> period_widths{32, 128, 512, 1024, 1024};  ///< channels by layer
  std::vector<std::int64_t> fft_sizes{2048, 1024, 512};               ///< [samples], multiples of 4
  std::vector<std::int64_t> resolution_widths{32, 32, 32, 32, 32};    ///< channels by layer
  /// Bands of a spectrum that have layers of their own, as fractions of its bins.
  std::vector<double> band_starts{0.0, 0.1, 0.25, 0.5, 0.75};
  std::vector<double> band_ends{0.1, 0.25, 0.5, 0.75, 1.0};
};

void describe(config::Schema& schema, DiscriminatorOptions& options);

/// @throws ConfigError for options that cannot be built, saying which and why.
void check(const DiscriminatorOptions& options);

/// For each discriminator its feature maps, the last being what it says: near 1 for real.
using FeatureMaps = std::vector<std::vector<at::Tensor>>;

/// Each item's mean removed, then scaled to a peak of 0.8 (over its channels). Differentiable.
[[nodiscard]] at::Tensor normalise_for_discriminator(const at::Tensor& x_BCT);

/// Periods first, then resolutions. Parameters as the official code: discriminators.0.convs.0.0...
///
/// Source: descript-audio-codec, dac/model/discriminator.py, Discriminator (without its
/// multi-scale part, which DAC leaves off).
class DiscriminatorImpl : public torch::nn::Module {
 public:
  /// @throws ConfigError as check.
  explicit DiscriminatorImpl(const DiscriminatorOptions& options);
  /// Every discriminator with widths of its own.
  DiscriminatorImpl(const std::vector<PeriodDiscriminatorOptions>& periods,
                    const std::vector<ResolutionDiscriminatorOptions>& resolutions);

  /// @param x_BCT  sound, normalised here; channels are judged one by one, as items of the batch.
  /// @returns  float32, or bfloat16 if so set.
  FeatureMaps forward(const at::Tensor& x_BCT);
  /// Of the activations (kernels/precision.h); fp32 at first.
  void set_precision(kernels::Precision precision);

 private:
  torch::nn::ModuleList discriminators_;
  std::vector<PeriodDiscriminator> periods_;
  std::vector<ResolutionDiscriminator> resolutions_;
};
TORCH_MODULE(Discriminator);

/// Sets every parameter in the order of their names from `generator`: PyTorch's defaults for
/// convolutions (U(-b, b), b = 1 / sqrt(fan in); weight_g the norm of weight_v).
void initialise(DiscriminatorImpl& model, at::Generator generator);

}  // namespace kilonat::codec
