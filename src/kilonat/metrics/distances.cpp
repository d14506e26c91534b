#include "kilonat/metrics/distances.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/seed_tree.h"
#include "kilonat/loss/waveform_loss.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::metrics {
namespace {

/// Signals shorter than the longest window allows are followed by silence, both alike.
at::Tensor padded_BCT(const at::Tensor& audio_CT, std::int64_t min_samples) {
  const std::int64_t missing = std::max<std::int64_t>(0, min_samples - audio_CT.size(1));
  return at::constant_pad_nd(audio_CT, {0, missing}).unsqueeze(0);
}

bool is_constant(const at::Tensor& audio_CT) {
  return (audio_CT.max() == audio_CT.min()).item<bool>();
}

}  // namespace

DistanceMeter::DistanceMeter(std::int64_t sample_rate_hz,
                             const loss::MelLossOptions& mel,
                             const loss::StftLossOptions& stft)
    : mel_(mel, sample_rate_hz), stft_(stft) {
  for (const auto* windows : {&mel.window_lengths, &stft.window_lengths}) {
    for (const std::int64_t length : *windows) min_samples_ = std::max(min_samples_, length);
  }
}

Distances DistanceMeter::measure(const at::Tensor& original_CT,
                                 const at::Tensor& reconstruction_CT) const {
  const at::NoGradGuard no_grad;
  tensor::expect_shape(original_CT, "original", {tensor::kAny, tensor::kAny});
  tensor::expect_shape(
      reconstruction_CT, "reconstruction", {original_CT.size(0), original_CT.size(1)});
  KILONAT_REQUIRE(original_CT.size(1) > 0, ShapeError, "measuring distances: no samples");
  const at::Tensor original = padded_BCT(original_CT, min_samples_);
  const at::Tensor reconstruction = padded_BCT(reconstruction_CT, min_samples_);
  Distances result;
  result.mel_distance = mel_(reconstruction, original).item<double>();
  result.stft_distance = stft_(reconstruction, original).item<double>();
  result.waveform_l1 = (reconstruction_CT - original_CT).abs().mean().item<double>();
  if (!is_constant(original_CT)) {
    result.si_sdr_db =
        loss::si_sdr_db(reconstruction_CT.unsqueeze(0), original_CT.unsqueeze(0)).item<double>();
  }
  return result;
}

Distances DistanceMeter::of_silence(const at::Tensor& original_CT) const {
  return measure(original_CT, at::zeros_like(original_CT));
}

Distances DistanceMeter::of_another(const at::Tensor& original_CT,
                                    const at::Tensor& another_CT) const {
  const std::int64_t length = original_CT.size(1);
  const std::int64_t times = (length + another_CT.size(1) - 1) / another_CT.size(1);
  return measure(original_CT, another_CT.repeat({1, times}).narrow(1, 0, length));
}

std::vector<std::size_t> shuffled_partners(std::size_t num_clips, std::uint64_t seed) {
  if (num_clips < 2) return {};
  // Sattolo's shuffle: one cycle through all, so that nobody is his own partner.
  std::vector<std::size_t> partners(num_clips);
  std::iota(partners.begin(), partners.end(), std::size_t{0});
  Rng rng(SeedTree(seed).child("shuffled partners"));
  for (std::size_t i = num_clips - 1; i > 0; --i) std::swap(partners[i], partners[rng.integer(i)]);
  return partners;
}

void DistanceMean::add(const Distances& distances, double seconds) {
  sums_.mel_distance += seconds * distances.mel_distance;
  sums_.stft_distance += seconds * distances.stft_distance;
  sums_.waveform_l1 += seconds * distances.waveform_l1;
  seconds_ += seconds;
  if (!distances.si_sdr_db) return;
  sums_.si_sdr_db = sums_.si_sdr_db.value_or(0) + seconds * *distances.si_sdr_db;
  si_sdr_seconds_ += seconds;
}

Distances DistanceMean::mean() const {
  if (seconds_ == 0) return {};
  Distances mean{.mel_distance = sums_.mel_distance / seconds_,
                 .stft_distance = sums_.stft_distance / seconds_,
                 .waveform_l1 = sums_.waveform_l1 / seconds_};
  if (sums_.si_sdr_db) mean.si_sdr_db = *sums_.si_sdr_db / si_sdr_seconds_;
  return mean;
}

}  // namespace kilonat::metrics
