#include "kilonat/study/rd_measure.h"

#include "kilonat/audio/opus.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/study/latent_figures.h"
#include "kilonat/train/code_entropy.h"
#include "kilonat/train/codec_eval.h"
#include "kilonat/train/model_format.h"
#include "kilonat/train/sound_files.h"

namespace kilonat::study {
namespace {

/// Gaussian rates of the point and of each of its clips.
void add_gaussian_rates(const metrics::LatentReport& report, Point& point) {
  point.rates["kl_kbps"] = report.rate_kbps;
  point.rates["informative_kbps"] = report.informative_kbps;
  for (std::size_t i = 0; i < point.clips.size(); ++i) {
    point.clips[i].rate_kbps = report.clips[i].rate_kbps;
    point.clips[i].informative_kbps = report.clips[i].informative_kbps;
  }
}

void start_clip(const PlannedPoint& planned, const MeasuringSet& set, std::size_t index) {
  throw_if_interrupted("measuring " + planned.id);
  if (set.on_clip) set.on_clip(index, set.held_out.size());
}

}  // namespace

Point point_of(const PlannedPoint& planned) {
  Point point;
  point.id = planned.id;
  point.family = planned.family;
  point.label = planned.label;
  point.seed = planned.seed;
  point.target_kbps = planned.target_kbps;
  return point;
}

Point measure_model(codec::LoadedModel& loaded,
                    const PlannedPoint& planned,
                    const MeasuringSet& set) {
  const codec::AutoencoderOptions& codec = loaded.model->options();
  const bool is_gaussian = codec.bottleneck.kind == "gaussian";
  const double frame_rate_hz = codec::frame_rate_hz(codec);
  PointMeter meter(codec.sample_rate_hz, set.visqol, set.listening, planned.id);
  metrics::LatentStatistics latents(
      codec.bottleneck.latent_channels, frame_rate_hz, train::edge_frames(codec));
  train::CodeEntropy codes(planned.num_codebooks, codec.bottleneck.codebook_size);
  const double nominal_kbps = is_gaussian ? 0
                                          : codec::nominal_rate_kbps(codec) *
                                                static_cast<double>(planned.num_codebooks) /
                                                static_cast<double>(codec.bottleneck.num_codebooks);
  for (std::size_t i = 0; i < set.held_out.size(); ++i) {
    start_clip(planned, set, i);
    const auto clip = set.held_out.usable_clip(i);
    if (!clip) continue;
    const train::CodedClip coded =
        train::code_clip(loaded.model, clip->audio_CT, {.num_codebooks = planned.num_codebooks});
    if (is_gaussian) latents.add(clip->id, *coded.latent.posterior);
    if (!is_gaussian) codes.add(coded.latent.codes_BQF);
    const std::optional<double> rate =
        is_gaussian ? std::nullopt : std::optional<double>(nominal_kbps);
    meter.add(i, *clip, coded.reconstruction_CT, rate);
  }
  Point point = point_of(planned);
  point.status = PointStatus::kDone;
  meter.finish(point);
  if (is_gaussian) {
    const metrics::LatentReport report = latents.report(train::static_gaussian(loaded));
    add_gaussian_rates(report, point);
    add_latent_figures(loaded.model, report, set.training, set.held_out, point);
  } else {
    point.rates["nominal_kbps"] = nominal_kbps;
    point.rates["entropy_kbps"] = codes.kbps(frame_rate_hz);
  }
  return point;
}

Point measure_opus(const PlannedPoint& planned,
                   std::int64_t sample_rate_hz,
                   const MeasuringSet& set) {
  PointMeter meter(sample_rate_hz, set.visqol, set.listening, planned.id);
  double bits = 0;
  double seconds = 0;
  for (std::size_t i = 0; i < set.held_out.size(); ++i) {
    start_clip(planned, set, i);
    const auto clip = set.held_out.usable_clip(i);
    if (!clip) continue;
    const audio::AudioBuffer original{sample_rate_hz, train::channels_of(clip->audio_CT)};
    const audio::OpusCoded coded = audio::code_with_opus(original, *planned.target_kbps);
    meter.add(i, *clip, train::tensor_of(coded.decoded), coded.actual_kbps);
    bits += 8.0 * static_cast<double>(coded.bytes);
    seconds += original.duration_s();
  }
  Point point = point_of(planned);
  point.status = PointStatus::kDone;
  meter.finish(point);
  point.rates["actual_kbps"] = bits / seconds / 1000;
  return point;
}

}  // namespace kilonat::study
