#include "kilonat/train/latent_encoding.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "kilonat/audio/mix.h"
#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/hash.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/base/seed_tree.h"
#include "kilonat/data/source.h"
#include "kilonat/metrics/latent_statistics.h"
#include "kilonat/train/codec_data.h"
#include "kilonat/train/model_format.h"

namespace kilonat::train {
namespace {

std::vector<double> values_of(const torch::Tensor& x_D) {
  const torch::Tensor x = x_D.to(torch::kDouble).contiguous();
  return {x.data_ptr<double>(), x.data_ptr<double>() + x.numel()};
}

/// Samples that a variant leaves out at its clip's two ends together.
///
/// Note [Few lengths]: all variants of clips of one length have one length, since the convolution
/// library plans anew, and keeps the plan, for every length that it meets.
std::int64_t num_cut(const torch::Tensor& audio_CT,
                     std::int64_t sample_rate_hz,
                     const LatentOptions& options) {
  const auto most =
      static_cast<std::int64_t>(options.most_cut_s * static_cast<double>(sample_rate_hz));
  return std::min(most, audio_CT.size(1) / 4);
}

/// A variant's stretch of the clip, scaled; variant 0 is its beginning as it is.
torch::Tensor make_variant(const torch::Tensor& audio_CT,
                           std::int64_t sample_rate_hz,
                           const LatentOptions& options,
                           std::int64_t variant,
                           Rng rng) {
  const std::int64_t length = audio_CT.size(1);
  const auto longest = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(options.max_s * static_cast<double>(sample_rate_hz)));
  if (variant == 0) return audio_CT.narrow(1, 0, std::min(length, longest));
  const std::int64_t kept = std::min(longest, length - num_cut(audio_CT, sample_rate_hz, options));
  const auto first =
      static_cast<std::int64_t>(rng.integer(static_cast<std::uint64_t>(length - kept) + 1));
  const torch::Tensor stretch_CT = audio_CT.narrow(1, first, kept);
  double gain = std::pow(10, rng.uniform(-options.most_gain_db, options.most_gain_db) / 20);
  const double peak = stretch_CT.abs().max().item<double>();
  if (gain > 1 && gain * peak > 1) gain = std::max(1.0, 1 / peak);
  if (options.flip_polarity && rng.uniform() < 0.5) gain = -gain;
  return stretch_CT * gain;
}

class LatentEncoding {
 public:
  LatentEncoding(const codec::LoadedModel& loaded,
                 const LatentOptions& options,
                 const std::filesystem::path& out)
      : options_(options),
        model_(loaded.model),
        source_(data::select_split(data::open_source(options.sources), options.split)),
        clips_(source_, clip_format(loaded)),
        seeds_(SeedTree(options.seed).child("latents")),
        training_(empty_statistics()),
        others_(empty_statistics()),
        writer_(out) {}

  void encode_clip(std::size_t index) {
    const auto clip = clips_.usable_clip(index);
    if (!clip) {
      ++summary_.num_unusable;
      return;
    }
    ++summary_.num_clips;
    if (options_.on_precision_snr && summary_.num_clips == 1) {
      if (const auto snr = encoding_snr(model_, clip->audio_CT)) options_.on_precision_snr(*snr);
    }
    const bool is_training = source_->info(index).split == "train";
    const std::int64_t variants = is_training ? options_.variants : 1;
    for (std::int64_t variant = 0; variant < variants; ++variant) {
      throw_if_interrupted("encoding latents (nothing is kept)");
      encode_variant(index, *clip, variant);
    }
  }

  LatentSummary finish(generation::LatentSetInfo info, const std::filesystem::path& model_file) {
    KILONAT_REQUIRE(
        summary_.num_items > 0, DataError, "encoding latents: none of the clips can be used");
    const bool has_training = training_.num_clips() > 0;
    const metrics::LatentReport report = (has_training ? training_ : others_).report();
    info.measured_kbps = report.rate_kbps;
    info.mean = values_of(report.aggregate.mean_D);
    info.stddev = values_of(report.aggregate.variance_D.sqrt());
    info.nats = report.nats_per_channel;
    writer_.finish(info, model_file);
    summary_.rate_kbps = report.rate_kbps;
    return summary_;
  }

  [[nodiscard]] const data::Source& source() const { return *source_; }

 private:
  metrics::LatentStatistics empty_statistics() const {
    return {model_->options().bottleneck.latent_channels, model_->frame_rate_hz()};
  }

  void encode_variant(std::size_t index, const Clip& clip, std::int64_t variant) {
    const torch::NoGradGuard no_grad;
    const std::int64_t sample_rate_hz = model_->options().sample_rate_hz;
    const Rng rng(seeds_.child(index).child(static_cast<std::uint64_t>(variant)));
    const torch::Tensor audio_CT =
        make_variant(clip.audio_CT, sample_rate_hz, options_, variant, rng);
    const torch::Device device = model_->parameters().front().device();
    const codec::Posterior posterior =
        *model_->encode(audio_CT.contiguous().unsqueeze(0).to(device)).posterior;
    const data::ClipInfo& known = source_->info(index);
    (known.split == "train" ? training_ : others_).add(known.id, posterior);
    writer_.add({.id = known.id,
                 .caption = known.caption.empty() ? known.label : known.caption,
                 .label = known.label,
                 .split = known.split,
                 .clip = static_cast<std::int64_t>(index),
                 .variant = variant,
                 .num_samples = audio_CT.size(1)},
                {posterior.mean_BDF[0], posterior.stddev_BDF[0]});
    ++summary_.num_items;
    summary_.duration_s +=
        static_cast<double>(audio_CT.size(1)) / static_cast<double>(sample_rate_hz);
  }

  const LatentOptions& options_;
  codec::Autoencoder model_;
  std::shared_ptr<const data::Source> source_;
  ClipSet clips_;
  SeedTree seeds_;
  metrics::LatentStatistics training_;  // of the training clips
  metrics::LatentStatistics others_;    // of the others
  generation::LatentSetWriter writer_;
  LatentSummary summary_;
};

void require_captions(const data::Source& source) {
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (!source.info(i).caption.empty() || !source.info(i).label.empty()) return;
  }
  throw DataError(
      "encoding latents: no clip has a caption or a class; give a manifest with a column "
      "'caption', or procedural:all");
}

generation::LatentSetInfo info_of(const codec::LoadedModel& loaded,
                                  const std::filesystem::path& model_file,
                                  const LatentOptions& options) {
  const codec::AutoencoderOptions& model = loaded.model->options();
  return {.codec = model_file.string(),
          .codec_hash = fmt::format("{:016x}", fnv1a_64(read_file(model_file))),
          .sample_rate_hz = model.sample_rate_hz,
          .num_channels = model.num_channels,
          .hop_length = codec::hop_length(model),
          .latent_channels = model.bottleneck.latent_channels,
          .target_kbps = loaded.metadata.target_kbps,
          .codec_kbps = loaded.metadata.rate_kbps,
          .loudness_lufs = clip_format(loaded).loudness_lufs,
          .variants = options.variants,
          .seed = options.seed};
}

}  // namespace

LatentSummary encode_latents(const codec::LoadedModel& loaded,
                             const std::filesystem::path& model_file,
                             const LatentOptions& options,
                             const std::filesystem::path& out,
                             const LatentProgress& on_progress) {
  const std::string& kind = loaded.model->options().bottleneck.kind;
  KILONAT_REQUIRE(kind == "gaussian",
                  ConfigError,
                  "encoding latents: the codec's bottleneck is '{}'; a generator needs 'gaussian'",
                  kind);
  generation::LatentSetInfo info = info_of(loaded, model_file, options);
  LatentEncoding encoding(loaded, options, out);
  require_captions(encoding.source());
  const std::size_t total = encoding.source().size();
  for (std::size_t i = 0; i < total; ++i) {
    encoding.encode_clip(i);
    if (on_progress) {
      on_progress(static_cast<std::int64_t>(i + 1), static_cast<std::int64_t>(total));
    }
  }
  return encoding.finish(std::move(info), model_file);
}

diffusion::LatentChannels latent_channels(const generation::LatentSetInfo& info) {
  const auto vector_of = [](const std::vector<double>& values) {
    return torch::tensor(values, torch::kDouble);
  };
  const torch::Tensor mean_D = vector_of(info.mean);
  const torch::Tensor stddev_D = vector_of(info.stddev);
  return {.mean_D = mean_D,
          .stddev_D = stddev_D,
          .nats_D = metrics::informative_nats(vector_of(info.nats), {mean_D, stddev_D.square()})};
}

}  // namespace kilonat::train
