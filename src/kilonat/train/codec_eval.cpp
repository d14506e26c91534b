#include "kilonat/train/codec_eval.h"

#include <chrono>
#include <utility>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"
#include "kilonat/codec/geometry.h"
#include "kilonat/train/code_entropy.h"
#include "kilonat/train/latent_noise.h"

namespace kilonat::train {
namespace {

using Clock = std::chrono::steady_clock;

torch::Device device_of(const codec::Autoencoder& model) {
  return model->parameters().front().device();
}

/// Accumulates what evaluate_codec reports.
class Accumulator {
 public:
  Accumulator(const codec::Autoencoder& model, const ClipSet& clips, const EvalOptions& options)
      : codec_(model->options()),
        clips_(clips),
        options_(options),
        partners_(metrics::shuffled_partners(clips.size(), options.seed)),
        meter_(codec_.sample_rate_hz),
        latents_(
            codec_.bottleneck.latent_channels, codec::frame_rate_hz(codec_), edge_frames(codec_)),
        codes_(codec_.bottleneck.num_codebooks, codec_.bottleneck.codebook_size) {}

  void add(std::size_t index, const Clip& clip, const CodedClip& coded) {
    const auto distances = meter_.measure(clip.audio_CT, coded.reconstruction_CT);
    distances_.add(distances, clip.duration_s);
    of_silence_.add(meter_.of_silence(clip.audio_CT), clip.duration_s);
    add_partner(index, clip);
    if (coded.latent.posterior) latents_.add(clip.id, *coded.latent.posterior);
    if (coded.latent.codes_BQF.defined()) codes_.add(coded.latent.codes_BQF);
    result_.clips.push_back({clip.id, clip.duration_s, std::nullopt, distances});
    if (options_.visqol != nullptr) add_visqol(clip, coded, result_.clips.back());
  }

  void add_visqol(const Clip& clip, const CodedClip& coded, ClipEvaluation& result) {
    result.visqol =
        visqol_scores(*options_.visqol, clip, coded.reconstruction_CT, codec_.sample_rate_hz);
    result_.visqol.add(result.visqol, clip.duration_s);
  }

  /// The shuffled anchor, where the other clip can be read.
  void add_partner(std::size_t index, const Clip& clip) {
    if (partners_.empty()) return;
    if (const auto other = clips_.usable_clip(partners_[index])) {
      of_shuffled_.add(meter_.of_another(clip.audio_CT, other->audio_CT), clip.duration_s);
    }
  }

  Evaluation finish(double coding_s) {
    result_.coding_s = coding_s;
    result_.duration_s = distances_.seconds();
    result_.distances = distances_.mean();
    result_.of_silence = of_silence_.mean();
    if (of_shuffled_.seconds() > 0) result_.of_shuffled = of_shuffled_.mean();
    if (codec_.bottleneck.kind == "gaussian") {
      result_.latent = latents_.report(options_.static_gaussian);
      for (std::size_t i = 0; i < result_.clips.size(); ++i) {
        result_.clips[i].rate = result_.latent->clips[i];
      }
    }
    if (codec_.bottleneck.kind == "rvq") {
      result_.nominal_kbps = codec::nominal_rate_kbps(codec_);
      result_.entropy_kbps = codes_.kbps(codec::frame_rate_hz(codec_));
    }
    return std::move(result_);
  }

 private:
  const codec::AutoencoderOptions& codec_;
  const ClipSet& clips_;
  const EvalOptions& options_;
  std::vector<std::size_t> partners_;
  metrics::DistanceMeter meter_;
  metrics::LatentStatistics latents_;
  CodeEntropy codes_;
  metrics::DistanceMean distances_;
  metrics::DistanceMean of_silence_;
  metrics::DistanceMean of_shuffled_;
  Evaluation result_;
};

}  // namespace

std::int64_t edge_frames(const codec::AutoencoderOptions& options) {
  const std::int64_t hop = codec::hop_length(options);
  return (codec::encoder_receptive_field(options) / 2 + hop - 1) / hop;
}

CodedClip code_clip(codec::Autoencoder& model,
                    const torch::Tensor& audio_CT,
                    const EvalOptions& options) {
  const torch::NoGradGuard no_grad;
  codec::EncodeOptions how;
  how.num_codebooks = options.num_codebooks;
  if (model->options().bottleneck.kind == "gaussian" && options.sample) {
    const LatentNoise noise(options.seed, model->options().bottleneck.latent_channels);
    how.sample = true;
    how.noise_BDF = noise.frames(0, model->num_frames(audio_CT.size(1))).to(device_of(model));
  }
  codec::Reconstruction result = model->forward(audio_CT.unsqueeze(0).to(device_of(model)), how);
  return {std::move(result.latent), result.audio_BCT[0].cpu()};
}

Evaluation evaluate_codec(codec::Autoencoder& model,
                          const ClipSet& clips,
                          const EvalOptions& options,
                          const std::function<void(const Clip&, const CodedClip&)>& on_clip) {
  Accumulator accumulator(model, clips, options);
  double coding_s = 0;
  std::int64_t num_used = 0;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const std::optional<Clip> clip = clips.usable_clip(i);
    if (!clip) continue;
    const auto start = Clock::now();
    const CodedClip coded = code_clip(model, clip->audio_CT, options);
    coding_s += std::chrono::duration<double>(Clock::now() - start).count();
    accumulator.add(i, *clip, coded);
    if (on_clip) on_clip(*clip, coded);
    ++num_used;
  }
  KILONAT_REQUIRE(
      num_used > 0, DataError, "evaluating: none of the {} clips can be used", clips.size());
  Evaluation result = accumulator.finish(coding_s);
  result.num_unusable = static_cast<std::int64_t>(clips.size()) - num_used;
  return result;
}

metrics::LatentReport measure_latents(codec::Autoencoder& model,
                                      const ClipSet& clips,
                                      std::span<const std::size_t> indices) {
  const torch::NoGradGuard no_grad;
  const codec::AutoencoderOptions& options = model->options();
  metrics::LatentStatistics latents(
      options.bottleneck.latent_channels, codec::frame_rate_hz(options), edge_frames(options));
  for (const std::size_t index : indices) {
    const std::optional<Clip> clip = clips.usable_clip(index);
    if (!clip) continue;
    const codec::Latent latent =
        model->encode(clip->audio_CT.unsqueeze(0).to(device_of(model)), {});
    latents.add(clip->id, *latent.posterior);
  }
  return latents.report();
}

}  // namespace kilonat::train
