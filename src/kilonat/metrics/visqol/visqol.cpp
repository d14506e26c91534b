#include "kilonat/metrics/visqol/visqol.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "kilonat/audio/resample.h"
#include "kilonat/base/errors.h"
#include "kilonat/metrics/visqol/alignment.h"
#include "kilonat/metrics/visqol/comparison.h"
#include "kilonat/metrics/visqol/nsim.h"
#include "kilonat/metrics/visqol/patch_matching.h"

namespace kilonat::metrics {
namespace {

constexpr std::int64_t kMinRateHz = 8000;
constexpr double kWorst = 1;
constexpr double kBest = 5;
/// Below this similarity the regression knows nothing and would say about 2.
constexpr double kMinSimilarity = 0.15;

void require_long_enough(const MonoSound& sound, std::size_t min_samples, std::string_view which) {
  const auto rate_hz = static_cast<double>(sound.sample_rate_hz);
  KILONAT_REQUIRE(sound.samples.size() >= min_samples,
                  DataError,
                  "ViSQOL: the {} sound has {} samples ({:.3f} s), at least {} ({:.3f} s) needed",
                  which,
                  sound.samples.size(),
                  static_cast<double>(sound.samples.size()) / rate_hz,
                  min_samples,
                  static_cast<double>(min_samples) / rate_hz);
}

void require_finite(const MonoSound& sound, std::string_view which) {
  KILONAT_REQUIRE(
      std::ranges::all_of(sound.samples, [](double sample) { return std::isfinite(sample); }),
      NumericError,
      "ViSQOL: the {} sound holds NaN or infinity",
      which);
}

void check(const MonoSound& reference, const MonoSound& degraded) {
  KILONAT_REQUIRE(reference.sample_rate_hz == degraded.sample_rate_hz,
                  DataError,
                  "ViSQOL: the reference has {} Hz and the degraded sound {} Hz, expected the same",
                  reference.sample_rate_hz,
                  degraded.sample_rate_hz);
  KILONAT_REQUIRE(reference.sample_rate_hz >= kMinRateHz,
                  DataError,
                  "ViSQOL: found {} Hz, expected {} Hz (at least {})",
                  reference.sample_rate_hz,
                  kVisqolRateHz,
                  kMinRateHz);
  require_finite(reference, "reference");
  require_finite(degraded, "degraded");
}

double rms(std::span<const double> samples) {
  double sum = 0;
  for (const double sample : samples) sum += sample * sample;
  return std::sqrt(sum / static_cast<double>(samples.size()));
}

/// Gives the degraded signal the reference's level. Silence stays silence.
void match_level(double reference_rms, std::vector<double>& degraded) {
  const double degraded_rms = rms(degraded);
  if (degraded_rms == 0) return;
  const double gain = reference_rms / degraded_rms;
  for (double& sample : degraded) sample *= gain;
}

visqol::Bands mean_over_patches(const std::vector<visqol::Bands>& patches) {
  visqol::Bands result{};
  for (const visqol::Bands& patch : patches) {
    for (std::size_t b = 0; b < result.size(); ++b) result[b] += patch[b];
  }
  for (double& value : result) value /= static_cast<double>(patches.size());
  return result;
}

double score(const visqol::QualityModel& model, const VisqolResult& result) {
  if (result.vnsim < kMinSimilarity) return kWorst;
  return std::clamp(model.predict(result.fvnsim), kWorst, kBest);
}

}  // namespace

MonoSound mix_to_mono(const audio::AudioBuffer& buffer) {
  MonoSound sound{buffer.sample_rate_hz,
                  std::vector<double>(static_cast<std::size_t>(buffer.num_samples()))};
  for (const std::vector<float>& channel : buffer.channels) {
    for (std::size_t i = 0; i < channel.size(); ++i) sound.samples[i] += double{channel[i]};
  }
  for (double& sample : sound.samples) sample /= static_cast<double>(buffer.num_channels());
  return sound;
}

MonoSound visqol_input(const audio::AudioBuffer& buffer) {
  return mix_to_mono(audio::resample(buffer, kVisqolRateHz));
}

VisqolResult Visqol::measure(const MonoSound& reference, const MonoSound& degraded) const {
  check(reference, degraded);
  const visqol::GammatoneBank bank(reference.sample_rate_hz);
  const std::size_t frame = bank.frame_samples();
  require_long_enough(
      reference, frame + (visqol::kMinReferenceFrames - 1) * bank.hop_samples(), "reference");
  require_long_enough(degraded, frame + 1, "degraded");

  visqol::Aligned aligned = visqol::align(reference.samples, degraded.samples);
  require_long_enough({degraded.sample_rate_hz, aligned.degraded}, frame + 1, "aligned degraded");
  match_level(rms(reference.samples), aligned.degraded);
  const auto rate_hz = static_cast<double>(reference.sample_rate_hz);
  const visqol::PatchSimilarities similarities =
      visqol::compare(reference.samples, aligned.degraded, bank, rate_hz);

  VisqolResult result;
  result.fvnsim = mean_over_patches(similarities.patches);
  result.vnsim = visqol::mean(result.fvnsim);
  result.lag_s = static_cast<double>(aligned.lag_samples) / rate_hz;
  result.num_patches = similarities.patches.size();
  result.num_unmatched = similarities.num_unmatched;
  result.is_reference_silent = similarities.is_reference_silent;
  if (model_) result.moslqo = score(*model_, result);
  return result;
}

}  // namespace kilonat::metrics
