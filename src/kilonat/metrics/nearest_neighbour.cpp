#include "kilonat/metrics/nearest_neighbour.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"
#include "kilonat/dsp/mel.h"
#include "kilonat/dsp/stft.h"

namespace kilonat::metrics {
namespace {

constexpr std::int64_t kNumMels = 40;
constexpr double kWindowSeconds = 0.064;
constexpr double kLoudRangeDb = 40;
constexpr double kFloorDb = -60;  // below the mean power of the loud frames

/// Mel powers [M, F] of a clip that is long enough for one window.
at::Tensor mel_powers(const at::Tensor& audio_T, std::int64_t sample_rate_hz) {
  const auto window = static_cast<std::int64_t>(
      std::exp2(std::round(std::log2(kWindowSeconds * static_cast<double>(sample_rate_hz)))));
  const std::int64_t missing = std::max<std::int64_t>(0, window - audio_T.size(0));
  const at::Tensor padded_T = at::constant_pad_nd(audio_T, {0, missing});
  const dsp::Stft stft({.window_length = window});
  const at::Tensor mels = dsp::mel_filterbank(
      {.sample_rate_hz = sample_rate_hz, .fft_size = window, .num_mels = kNumMels, .min_hz = 40});
  return at::matmul(mels, stft.magnitude(padded_T).square());
}

/// The frames within the range of the loudest.
at::Tensor loud_frames(const at::Tensor& powers_MF) {
  const at::Tensor power_F = powers_MF.sum(0);
  const at::Tensor is_loud_F = power_F >= power_F.max() * std::pow(10.0, -kLoudRangeDb / 10);
  return powers_MF.index_select(1, is_loud_F.nonzero().view(-1));
}

}  // namespace

at::Tensor sound_statistics(const at::Tensor& audio_T, std::int64_t sample_rate_hz) {
  const at::Tensor powers_MF = mel_powers(audio_T, sample_rate_hz);
  if (powers_MF.max().item<double>() <= 0) return at::zeros({3 * kNumMels}, at::kFloat);
  const at::Tensor loud_MF = loud_frames(powers_MF);
  const at::Tensor relative_MF = loud_MF / loud_MF.mean();
  const at::Tensor level_MF = 10 * at::log10(relative_MF.clamp_min(std::pow(10.0, kFloorDb / 10)));
  const std::int64_t num_frames = level_MF.size(1);
  const at::Tensor change_M =
      num_frames > 1
          ? (level_MF.narrow(1, 1, num_frames - 1) - level_MF.narrow(1, 0, num_frames - 1))
                .square()
                .mean(1)
                .sqrt()
          : at::zeros({kNumMels});
  return at::cat({level_MF.mean(1), level_MF.std(1, /*unbiased=*/false), change_M});
}

at::Tensor nearest_distances(const at::Tensor& rows_ND, const at::Tensor& training_MD) {
  KILONAT_REQUIRE(rows_ND.size(1) == training_MD.size(1),
                  ShapeError,
                  "nearest neighbours: rows of {} features, training rows of {}",
                  rows_ND.size(1),
                  training_MD.size(1));
  KILONAT_REQUIRE(
      training_MD.size(0) > 0, DataError, "nearest neighbours: there is no training clip");
  const at::Tensor distances_NM =
      at::cdist(rows_ND.to(at::kDouble), training_MD.to(at::kDouble), 2.0, /*compute_mode=*/2);
  return distances_NM.amin(1) / std::sqrt(static_cast<double>(rows_ND.size(1)));
}

}  // namespace kilonat::metrics
