#include <cstdint>
#include <numbers>
#include <vector>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/seed_tree.h"
#include "kilonat/codec/gaussian.h"
#include "kilonat/codec/geometry.h"
#include "kilonat/study/gaussian_limit.h"
#include "kilonat/train/codec_eval.h"

namespace kilonat::study {
namespace {

/// Latent frames at each end that are left out of the rate, and more of them out of the error.
struct Edges {
  std::int64_t rate_frames = 0;
  std::int64_t error_frames = 0;
};

Edges edges_of(const codec::AutoencoderOptions& options) {
  const std::int64_t rate_frames = train::edge_frames(options);
  return {rate_frames, rate_frames + codec::decoder_receptive_field(options) / 2 + 1};
}

LimitClip measure(const train::Clip& clip,
                  const train::CodedClip& coded,
                  const Edges& edges,
                  std::int64_t hop) {
  const codec::Posterior& posterior = *coded.latent.posterior;
  const at::Tensor nats_F = codec::gaussian_kl_nats(posterior.mean_BDF.to(at::kDouble),
                                                    posterior.stddev_BDF.to(at::kDouble))
                                .sum(1)
                                .squeeze(0);
  const std::int64_t num_frames = nats_F.size(0) - 2 * edges.rate_frames;
  const std::int64_t first = edges.error_frames * hop;
  const std::int64_t num_samples = clip.audio_CT.size(1) - 2 * first;
  KILONAT_REQUIRE(num_frames > 0 && num_samples > 0,
                  ConfigError,
                  "gaussian limit: clips of {} samples leave none without the edges; lengthen "
                  "limit.clip_s",
                  clip.audio_CT.size(1));
  const at::Tensor difference = (coded.reconstruction_CT - clip.audio_CT).to(at::kDouble);
  const double nats = nats_F.narrow(0, edges.rate_frames, num_frames).mean().item<double>();
  return {.bits_per_sample = nats / std::numbers::ln2 / static_cast<double>(hop),
          .squared_error = difference.narrow(1, first, num_samples).square().mean().item<double>()};
}

}  // namespace

std::vector<LimitClip> measure_limit_clips(codec::Autoencoder& model,
                                           const train::ClipSet& clips,
                                           std::uint64_t seed) {
  const codec::AutoencoderOptions& options = model->options();
  const Edges edges = edges_of(options);
  std::vector<LimitClip> result;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const train::Clip clip = clips.clip(i);
    // Each clip has noise of its own: the standard error over clips must see it.
    const train::EvalOptions how{.seed = SeedTree(seed).child("limit").child(i).seed()};
    const train::CodedClip coded = train::code_clip(model, clip.audio_CT, how);
    result.push_back(measure(clip, coded, edges, codec::hop_length(options)));
  }
  return result;
}

}  // namespace kilonat::study
