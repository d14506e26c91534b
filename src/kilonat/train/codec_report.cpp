#include "kilonat/train/codec_report.h"

#include <algorithm>
#include <string>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "kilonat/base/files.h"
#include "kilonat/dsp/spectrogram_image.h"
#include "kilonat/train/codec_eval.h"
#include "kilonat/train/evaluation_mode.h"
#include "kilonat/train/model_format.h"
#include "kilonat/train/sound_files.h"

namespace kilonat::train {
namespace {

/// `count` indices evenly spread over `size`; all of them if there are fewer.
std::vector<std::size_t> spread_indices(std::size_t size, std::int64_t count) {
  const std::size_t number = std::min(size, static_cast<std::size_t>(count));
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < number; ++i) indices.push_back(i * size / number);
  return indices;
}

Clip cut(Clip clip, double seconds, std::int64_t sample_rate_hz) {
  const auto most = static_cast<std::int64_t>(seconds * static_cast<double>(sample_rate_hz));
  const std::int64_t length = std::min(most, clip.audio_CT.size(1));
  clip.audio_CT = clip.audio_CT.narrow(1, 0, length).clone();
  clip.duration_s = static_cast<double>(length) / static_cast<double>(sample_rate_hz);
  return clip;
}

torch::Tensor to_tensor(const std::vector<double>& values) {
  return torch::tensor(values, torch::kDouble);
}

}  // namespace

CodecReport::CodecReport(const CodecTrainOptions& options, const CodecData& data, RunFolder folder)
    : options_(options), data_(data), folder_(std::move(folder)) {
  const ClipSet& clips = data.valid.size() > 0 ? data.valid : data.train;
  for (const std::size_t index : spread_indices(clips.size(), options.run.num_sample_clips)) {
    if (auto clip = clips.usable_clip(index)) {
      fixed_clips_.push_back(
          cut(std::move(*clip), options.run.sample_clip_s, options.codec.sample_rate_hz));
    }
  }
}

void CodecReport::listen(codec::Autoencoder& model, std::int64_t step, RunSink& log) {
  if (fixed_clips_.empty()) return;
  const EvaluationMode evaluation(*model);
  create_folder(folder_.audio());
  std::size_t number = 0;
  const auto show = [&](const Clip& clip, const CodedClip& coded) {
    const std::string name = fmt::format("clip-{}", ++number);
    const auto reconstruction = channels_of(coded.reconstruction_CT);
    const auto rate = options_.codec.sample_rate_hz;
    write_sound(folder_.audio() / (name + "-original.wav"), clip.audio_CT, rate);
    write_sound(folder_.audio() / (name + "-reconstruction.wav"), coded.reconstruction_CT, rate);
    log.audio(step, "audio/" + name, rate, reconstruction);
    if (!originals_are_logged_) {
      log.audio(step, "original/" + name, rate, channels_of(clip.audio_CT));
    }
    log.image(
        step,
        "spectrogram/" + name,
        dsp::comparison_image(clip.audio_CT, coded.reconstruction_CT, {.sample_rate_hz = rate}));
  };
  const Evaluation result = evaluate_codec(model, ClipSet(fixed_clips_), {.seed = 0}, show);
  originals_are_logged_ = true;
  std::vector<Scalar> row{{"valid/mel", result.distances.mel_distance},
                          {"valid/stft", result.distances.stft_distance},
                          {"valid/waveform", result.distances.waveform_l1}};
  if (result.distances.si_sdr_db) row.push_back({"valid/si_sdr_db", *result.distances.si_sdr_db});
  if (result.entropy_kbps) row.push_back({"valid/entropy_kbps", *result.entropy_kbps});
  if (result.latent) {
    row.push_back({"valid/kbps", result.latent->rate_kbps});
    row.push_back({"valid/informative_kbps", result.latent->informative_kbps});
    row.push_back({"valid/rate_spread_kbps", result.latent->rate_spread_kbps});
    row.push_back({"valid/active_channels", static_cast<double>(result.latent->active_channels)});
    log.histogram(step, "latent/nats_per_channel", result.latent->nats_per_channel);
  }
  log.scalars(step, row);
}

codec::ModelMetadata CodecReport::describe_model(codec::Autoencoder& model,
                                                 std::int64_t step) const {
  const EvaluationMode evaluation(*model);
  codec::ModelMetadata metadata;
  metadata.origin = "trained";
  set_loudness(
      metadata,
      data::clip_format(
          options_.data.excerpts, options_.codec.sample_rate_hz, options_.codec.num_channels)
          .loudness_lufs);
  metadata.training_steps = step;
  if (options_.codec.bottleneck.kind == "gaussian") {
    metadata.target_kbps = options_.rate.law.target_kbps;
    const auto indices = spread_indices(data_.train.size(), options_.run.statistics_clips);
    const metrics::LatentReport latent = measure_latents(model, data_.train, indices);
    metadata.rate_kbps = latent.rate_kbps;
    metadata.informative_kbps = latent.informative_kbps;
    metadata.nats_per_frame = latent.nats_per_frame;
    metadata.aggregate_mean_D = latent.aggregate.mean_D;
    metadata.aggregate_variance_D = latent.aggregate.variance_D;
    metadata.nats_per_channel_D = to_tensor(latent.nats_per_channel);
  } else {
    metadata.rate_kbps = codec::nominal_rate_kbps(options_.codec);
  }
  return metadata;
}

}  // namespace kilonat::train
