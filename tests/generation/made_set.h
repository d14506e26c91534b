#pragma once
/// Sets of latents made by hand.

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <torch/types.h>

#include "kilonat/generation/latent_set.h"

namespace kilonat::generation {

/// What a made clip is like. Its mean is `value` everywhere, its deviation `stddev`.
struct MadeClip {
  std::int64_t clip = 0;
  std::int64_t variant = 0;
  std::int64_t num_frames = 5;
  std::string split = "train";
  double value = 0;
  double stddev = 0;
};

/// Two channels at 10 frames a second, 4 samples a frame; the codec's file is a few bytes of text.
inline void write_made_set(const std::filesystem::path& folder,
                           const std::vector<MadeClip>& clips,
                           std::int64_t shard_bytes = 1 << 20) {
  LatentSetWriter writer(folder, shard_bytes);
  for (const MadeClip& made : clips) {
    const std::string name = std::to_string(made.clip);
    writer.add({.id = "clip-" + name,
                .caption = "caption " + name,
                .label = "class " + name,
                .split = made.split,
                .clip = made.clip,
                .variant = made.variant,
                .num_samples = 4 * made.num_frames - 1},
               {torch::full({2, made.num_frames}, made.value, torch::kFloat),
                torch::full({2, made.num_frames}, made.stddev, torch::kFloat)});
  }
  const std::filesystem::path codec = folder.parent_path() / "codec-for-made-set";
  std::ofstream(codec) << "codec";
  writer.finish({.codec = codec.string(),
                 .codec_hash = "0123456789abcdef",
                 .sample_rate_hz = 40,
                 .num_channels = 1,
                 .hop_length = 4,
                 .latent_channels = 2,
                 .target_kbps = 2,
                 .measured_kbps = 2.25,
                 .loudness_lufs = -16,
                 .variants = 2,
                 .seed = 7,
                 .mean = {0.5, -1},
                 .stddev = {1, 0.25},
                 .nats = {3, 0.001}},
                codec);
}

}  // namespace kilonat::generation
