#pragma once
/// A folder of encoded clips with their captions: what a generator is trained on.
///
/// DIR/latents.json lists the clips and says what made them (Note [Index]); the numbers lie in
/// DIR/shard-NNNNN.safetensors, two tensors a clip: "INDEX.mean" and "INDEX.stddev" [D, F],
/// float32; DIR/codec.safetensors is the codec that made them. The folder appears complete or not
/// at all.
///
/// D latent channels, F frames.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kilonat/base/files.h"
#include "kilonat/tensor/safetensors.h"

namespace kilonat::generation {

/// One variant of one clip of the source.
struct LatentClip {
  std::string id;            ///< as its source lists it
  std::string caption{};     ///< what it is to be generated from; empty: nothing is known of it
  std::string label{};       ///< the manifest's class; empty: none
  std::string split{};       ///< train | valid | test
  std::int64_t clip = 0;     ///< number of the source's clip: its variants have the same
  std::int64_t variant = 0;  ///< 0: as it is; the others are augmented
  std::int64_t num_frames = 0;
  std::int64_t num_samples = 0;  ///< that the frames stand for, at the codec's rate
  std::int64_t shard = 0;        ///< set by the writer
};

/// What made the latents, and what they are like.
struct LatentSetInfo {
  std::string codec;       ///< path of the model, as it was given
  std::string codec_hash;  ///< FNV-1a of the model file, 16 hexadecimal digits
  std::int64_t sample_rate_hz = 0;
  std::int64_t num_channels = 0;  ///< of the sound
  std::int64_t hop_length = 0;    ///< samples per frame
  std::int64_t latent_channels = 0;
  double target_kbps = 0;                 ///< that the codec was trained for; 0: not known
  double codec_kbps = 0;                  ///< that it says it has; 0: not known
  double measured_kbps = 0;               ///< KL rate of the training clips here
  std::optional<double> loudness_lufs{};  ///< that clips were brought to
  std::int64_t variants = 1;              ///< of each training clip
  std::uint64_t seed = 0;                 ///< of the variants
  /// Over the training clips, per channel [D]: mean and deviation of the samples (not of the means
  /// of the posteriors), and KL against N(0, 1) in nats per frame.
  std::vector<double> mean{};
  std::vector<double> stddev{};
  std::vector<double> nats{};

  [[nodiscard]] double frame_rate_hz() const {
    return static_cast<double>(sample_rate_hz) / static_cast<double>(hop_length);
  }
};

/// Note [Index]: latents.json is {"format": 1, "info": {..}, "clips": [{..}, ..]} with the fields
/// of LatentSetInfo and LatentClip under their own names.
struct LatentSetIndex {
  LatentSetInfo info;
  std::vector<LatentClip> clips;
};
[[nodiscard]] std::string index_to_json(const LatentSetIndex& index);
/// @throws FormatError, naming `what`: no JSON, another format, a field that is missing or does not
///         fit the others.
[[nodiscard]] LatentSetIndex index_from_json(const std::string& text, const std::string& what);

/// The posterior of a clip, float32 on the CPU.
struct LatentItem {
  at::Tensor mean_DF;
  at::Tensor stddev_DF;
};

/// Writes a set clip by clip; holds one shard in memory. Without finish() nothing is left.
class LatentSetWriter {
 public:
  /// @throws IoError if the place cannot be written (all calls).
  explicit LatentSetWriter(const std::filesystem::path& folder,
                           std::int64_t shard_bytes = std::int64_t{128} << 20);

  /// @param clip  num_frames and shard are filled in. @param item  equal shapes.
  void add(LatentClip clip, const LatentItem& item);
  /// @param codec_file  is copied into the folder. @throws DataError if no clip was added.
  void finish(const LatentSetInfo& info, const std::filesystem::path& codec_file);

 private:
  void write_shard();

  AtomicDirectory folder_;
  std::int64_t shard_bytes_;
  std::int64_t num_bytes_ = 0;
  std::int64_t num_shards_ = 0;
  tensor::TensorMap shard_;
  std::vector<LatentClip> clips_;
};

/// An open set: the index in memory, the numbers read when asked for. Not thread-safe.
class LatentSet {
 public:
  /// @throws IoError if there is none (with a hint at `kilonat latents`); FormatError.
  explicit LatentSet(std::filesystem::path folder);

  [[nodiscard]] const LatentSetInfo& info() const { return index_.info; }
  [[nodiscard]] const std::vector<LatentClip>& clips() const { return index_.clips; }
  /// REQUIRES: index < clips().size(). @throws IoError; FormatError if the shard does not hold what
  /// the index says.
  [[nodiscard]] LatentItem read(std::size_t index) const;
  [[nodiscard]] std::filesystem::path codec_file() const { return folder_ / "codec.safetensors"; }
  /// Of the index, 16 hexadecimal digits: other clips, captions, variants or statistics have
  /// another.
  [[nodiscard]] const std::string& hash() const { return hash_; }

 private:
  std::filesystem::path folder_;
  LatentSetIndex index_;
  std::string hash_;
  mutable std::map<std::int64_t, std::unique_ptr<tensor::SafetensorsFile>> shards_;
};

}  // namespace kilonat::generation
