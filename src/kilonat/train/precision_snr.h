#pragma once
/// How far coding in bfloat16 is from coding in float32.

#include <functional>
#include <optional>

#include <torch/types.h>

#include "kilonat/codec/autoencoder.h"

namespace kilonat::train {

/// Measured on a stretch of sound.
struct PrecisionSnr {
  double snr_db = 0;  ///< infinite if both are the same
  double duration_s = 0;
};

/// 10 log10(sum exact^2 / sum (exact - rounded)^2), sums in float64; NaN if `exact` is all zeros.
[[nodiscard]] double snr_db(const torch::Tensor& exact, const torch::Tensor& rounded);

/// The SNR of what `code` gives with a model in bfloat16 against the same in float32. Sets no
/// gradients. REQUIRES: the model is in bfloat16; it is so afterwards (here and below).
[[nodiscard]] double bf16_snr_db(codec::Autoencoder& model,
                                 const std::function<torch::Tensor(codec::Autoencoder&)>& code);

/// Of the latents (a gaussian's means), of the sound decoded from latents, and of the sound decoded
/// from those of a sound.
/// @param audio_CT   [num_channels, n >= 1]; of less than a frame: no value.
/// @param latent_DF  before the output projection.
[[nodiscard]] std::optional<PrecisionSnr> encoding_snr(codec::Autoencoder& model,
                                                       const torch::Tensor& audio_CT);
[[nodiscard]] std::optional<PrecisionSnr> decoding_snr(codec::Autoencoder& model,
                                                       const torch::Tensor& latent_DF);
[[nodiscard]] std::optional<PrecisionSnr> reconstruction_snr(codec::Autoencoder& model,
                                                             const torch::Tensor& audio_CT);

}  // namespace kilonat::train
