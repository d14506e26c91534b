#pragma once
/// A captioned source to a set of latents (generation/latent_set.h).

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kilonat/codec/model_file.h"
#include "kilonat/diffusion/latent_normaliser.h"
#include "kilonat/generation/latent_set.h"
#include "kilonat/train/precision_snr.h"

namespace kilonat::train {

/// Which clips are encoded, and how their variants differ. Variant 0 is the clip as it is; the
/// others are cut, scaled and turned over before they are encoded, so that the latents differ as
/// those of other recordings would, to the position of a sound within a frame.
struct LatentOptions {
  std::vector<std::string> sources{};
  std::string split = "all";  ///< train | valid | test | all
  std::int64_t variants = 4;  ///< of each training clip; other clips have one
  double max_s = 10;          ///< longer clips are cut to this; variants at places of their own
  double most_cut_s = 0.5;    ///< a variant is shorter by this (a quarter of it at most), where its
                              ///< clip's two ends lose a random part each
  double most_gain_db = 3;    ///< a variant's gain is uniform on +- this; no peak beyond 1
  bool flip_polarity = true;  ///< of half the variants
  std::uint64_t seed = 0;
  /// Called once, with the SNR of the first clip's latents; for a model in bf16. May be empty.
  std::function<void(const PrecisionSnr&)> on_precision_snr{};
};

struct LatentSummary {
  std::int64_t num_clips = 0;     ///< of the source that are in the set
  std::int64_t num_items = 0;     ///< their variants
  std::int64_t num_unusable = 0;  ///< clips left out, as said in the log
  double duration_s = 0;          ///< of all items
  double rate_kbps = 0;           ///< KL rate of the training clips (or, without any, of all)
};

/// Called after each clip of the source with the number done and the number in all.
using LatentProgress = std::function<void(std::int64_t done, std::int64_t total)>;

/// Encodes every clip of `options.sources` into the folder `out`, which must not exist (its old
/// content would be replaced). Memory: a clip and a shard.
///
/// A clip without a caption takes its class for one.
/// @param model_file  where `loaded` came from: it is copied into the folder.
/// @throws ConfigError if the codec is not gaussian; DataError if there is no clip, or none has a
///         caption or class; IoError; Interrupted. Nothing is then left of `out`.
LatentSummary encode_latents(const codec::LoadedModel& loaded,
                             const std::filesystem::path& model_file,
                             const LatentOptions& options,
                             const std::filesystem::path& out,
                             const LatentProgress& on_progress = {});

/// What the normaliser is to know of a set's channels, from the statistics that encode_latents
/// stored: their informative nats follow from those against N(0, 1) and the moments. [D] float64.
[[nodiscard]] diffusion::LatentChannels latent_channels(const generation::LatentSetInfo& info);

}  // namespace kilonat::train
