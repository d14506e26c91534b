#include "kilonat/train/file_coding.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <ATen/ATen.h>

#include "kilonat/audio/file.h"
#include "kilonat/audio/mix.h"
#include "kilonat/base/errors.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/codec/latents_file.h"
#include "kilonat/codec/streaming.h"
#include "kilonat/rate/units.h"
#include "kilonat/train/latent_noise.h"
#include "kilonat/train/model_format.h"
#include "kilonat/train/sound_files.h"
#include "kilonat/train/sound_source.h"

namespace kilonat::train {
namespace {

namespace fs = std::filesystem;

/// Turns latents into what the decoder takes, drawing noise by frame.
class Sampler {
 public:
  Sampler(codec::Autoencoder model, const CodingOptions& options)
      : model_(std::move(model)),
        noise_(options.seed, model_->options().bottleneck.latent_channels),
        sample_(options.sample) {}

  /// [D, n] for latents of the next n frames, a batch of one.
  at::Tensor next(const codec::Latent& latent) {
    if (latent.codes_BQF.defined()) return model_->rvq->rows_from_codes(latent.codes_BQF)[0];
    if (!latent.posterior || !sample_) return latent.latent_BDF[0];
    const at::Tensor& mean_BDF = latent.posterior->mean_BDF;
    const at::Tensor noise_BDF = noise_.frames(next_frame_, mean_BDF.size(2)).to(mean_BDF.device());
    next_frame_ += mean_BDF.size(2);
    return (mean_BDF + latent.posterior->stddev_BDF * noise_BDF)[0];
  }

 private:
  codec::Autoencoder model_;
  LatentNoise noise_;
  bool sample_;
  std::int64_t next_frame_ = 0;
};

/// Adds up what a CodingReport says.
class Tally {
 public:
  void add(const codec::Latent& latent) {
    if (latent.posterior) {
      nats_ += codec::gaussian_kl_nats(latent.posterior->mean_BDF, latent.posterior->stddev_BDF)
                   .sum(at::kDouble)
                   .item<double>();
      num_frames_ += latent.posterior->mean_BDF.size(2);
    } else {
      const auto& values = latent.codes_BQF.defined() ? latent.codes_BQF : latent.latent_BDF;
      num_frames_ += values.size(2);
    }
  }

  [[nodiscard]] CodingReport report(const codec::AutoencoderOptions& model,
                                    std::int64_t num_samples) const {
    CodingReport report;
    report.num_frames = num_frames_;
    report.duration_s =
        static_cast<double>(num_samples) / static_cast<double>(model.sample_rate_hz);
    report.rate_kbps = codec::nominal_rate_kbps(model);
    if (model.bottleneck.kind == "gaussian" && num_frames_ > 0) {
      report.nats_per_frame = nats_ / static_cast<double>(num_frames_);
      report.rate_kbps = rate::kbps_from_nats(report.nats_per_frame, codec::frame_rate_hz(model));
    }
    return report;
  }

 private:
  double nats_ = 0;
  std::int64_t num_frames_ = 0;
};

/// The writer of a decoded sound: undoes the normalisation.
class SoundWriter {
 public:
  SoundWriter(const fs::path& path, const codec::AutoencoderOptions& model, double gain)
      : gain_(gain),
        sample_rate_hz_(model.sample_rate_hz),
        writer_(path,
                {.sample_rate_hz = model.sample_rate_hz, .num_channels = model.num_channels}) {}

  void write(const at::Tensor& audio_CT) {
    audio::AudioBuffer buffer{sample_rate_hz_, channels_of(audio_CT)};
    if (gain_ != 1) audio::apply_gain_(buffer, 1 / gain_);
    writer_.write(buffer);
  }
  void close() { writer_.close(); }

 private:
  double gain_;
  std::int64_t sample_rate_hz_;
  audio::AudioWriter writer_;
};

/// Tells the caller how far bfloat16 is from float32, once, on the start of what is coded.
class PrecisionCheck {
 public:
  /// encoding_snr, decoding_snr or reconstruction_snr.
  using Measure = std::optional<PrecisionSnr> (*)(codec::Autoencoder&, const torch::Tensor&);

  PrecisionCheck(codec::Autoencoder model, const CodingOptions& options, Measure measure)
      : model_(std::move(model)), report_(options.on_precision_snr), measure_(measure) {}

  void see(const at::Tensor& start) {
    if (!report_) return;
    if (const auto snr = measure_(model_, start)) report_(*snr);
    report_ = nullptr;
  }

 private:
  codec::Autoencoder model_;
  std::function<void(const PrecisionSnr&)> report_;
  Measure measure_;
};

/// Streams a file through the encoder. @returns what stream_sound found.
StreamedSound push_file(codec::StreamingEncoder& encoder,
                        const fs::path& in,
                        const data::ClipFormat& format,
                        double gain,
                        const CodingOptions& options,
                        PrecisionCheck check) {
  const StreamedSound sound =
      stream_sound(in, format, gain, [&](const audio::AudioBuffer& piece, double share) {
        const at::Tensor piece_CT = tensor_of(piece);
        check.see(piece_CT);
        encoder.push(piece_CT);
        if (!options.on_progress) return;
        const double done_s =
            static_cast<double>(encoder.num_samples()) / static_cast<double>(format.sample_rate_hz);
        options.on_progress(done_s, share > 0 ? done_s / share : 0);
      });
  encoder.finish();
  return sound;
}

}  // namespace

CodingReport encode_file(const codec::LoadedModel& loaded,
                         const fs::path& in,
                         const fs::path& out,
                         const CodingOptions& options) {
  const torch::NoGradGuard no_grad;
  const codec::AutoencoderOptions& model = loaded.model->options();
  const data::ClipFormat format = clip_format(loaded);
  const double gain = normalisation_gain_of(in, format);
  codec::LatentsWriter writer(out);
  Tally tally;
  codec::StreamingEncoder encoder(loaded.model, [&](const codec::Latent& latent) {
    tally.add(latent);
    writer.append(latent);
  });
  const StreamedSound sound =
      push_file(encoder, in, format, gain, options, {loaded.model, options, encoding_snr});
  writer.finish({.bottleneck = model.bottleneck.kind,
                 .sample_rate_hz = model.sample_rate_hz,
                 .num_channels = model.num_channels,
                 .hop_length = codec::hop_length(model),
                 .num_samples = sound.num_samples,
                 .gain = gain,
                 .source_sample_rate_hz = sound.source_sample_rate_hz});
  return tally.report(model, sound.num_samples);
}

CodingReport decode_file(const codec::LoadedModel& loaded,
                         const fs::path& in,
                         const fs::path& out,
                         const CodingOptions& options) {
  const torch::NoGradGuard no_grad;
  const codec::AutoencoderOptions& model = loaded.model->options();
  codec::LatentsReader reader(in);
  reader.require_fits(model);
  SoundWriter writer(out, model, reader.info().gain);
  codec::StreamingDecoder decoder(loaded.model,
                                  [&](const at::Tensor& audio_CT) { writer.write(audio_CT); });
  Sampler sampler(loaded.model, options);
  PrecisionCheck check(loaded.model, options, decoding_snr);
  Tally tally;
  const auto rate = static_cast<double>(model.sample_rate_hz);
  const std::int64_t step = codec::frames_per_chunk(model, {});
  const auto frames_per_second = static_cast<std::int64_t>(std::ceil(codec::frame_rate_hz(model)));
  for (std::int64_t first = 0; first < reader.num_frames(); first += step) {
    throw_if_interrupted("decoding '" + in.string() + "'");
    const codec::Latent latent = reader.read(first, std::min(step, reader.num_frames() - first));
    tally.add(latent);
    const at::Tensor latent_DF = sampler.next(latent);
    check.see(latent_DF.narrow(-1, 0, std::min(frames_per_second, latent_DF.size(-1))));
    decoder.push(latent_DF);
    if (options.on_progress) {
      options.on_progress(static_cast<double>(decoder.num_samples()) / rate,
                          static_cast<double>(reader.info().num_samples) / rate);
    }
  }
  decoder.finish(reader.info().num_samples);
  writer.close();
  return tally.report(model, decoder.num_samples());
}

CodingReport reconstruct_file(const codec::LoadedModel& loaded,
                              const fs::path& in,
                              const fs::path& out,
                              const CodingOptions& options) {
  const torch::NoGradGuard no_grad;
  const codec::AutoencoderOptions& model = loaded.model->options();
  const data::ClipFormat format = clip_format(loaded);
  const double gain = normalisation_gain_of(in, format);
  SoundWriter writer(out, model, gain);
  codec::StreamingDecoder decoder(loaded.model,
                                  [&](const at::Tensor& audio_CT) { writer.write(audio_CT); });
  Sampler sampler(loaded.model, options);
  Tally tally;
  codec::StreamingEncoder encoder(loaded.model, [&](const codec::Latent& latent) {
    tally.add(latent);
    decoder.push(sampler.next(latent));
  });
  const StreamedSound sound =
      push_file(encoder, in, format, gain, options, {loaded.model, options, reconstruction_snr});
  decoder.finish(sound.num_samples);
  writer.close();
  return tally.report(model, sound.num_samples);
}

}  // namespace kilonat::train
