#pragma once
/// The sounds of a run: what it trains on, and the clips that it is watched on.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <torch/types.h>

#include "kilonat/data/clip_format.h"
#include "kilonat/data/excerpt_loader.h"
#include "kilonat/data/source.h"
#include "kilonat/train/codec_options.h"

namespace kilonat::train {

/// A whole clip in the model's format. C channels, T samples.
struct Clip {
  std::string id;
  torch::Tensor audio_CT;  ///< float32 on the CPU
  double gain = 1;         ///< that normalisation applied
  double duration_s = 0;
};

/// Whole clips, read and prepared when asked for (or given at once). Cheap to copy.
class ClipSet {
 public:
  ClipSet(std::shared_ptr<const data::Source> source, const data::ClipFormat& format);
  explicit ClipSet(std::vector<Clip> clips);

  [[nodiscard]] std::size_t size() const { return source_ ? source_->size() : clips_.size(); }
  /// @throws DataError or IoError, naming the file, if it cannot be used.
  [[nodiscard]] Clip clip(std::size_t index) const;
  /// The clip; empty, and said in the log, if it cannot be used.
  [[nodiscard]] std::optional<Clip> usable_clip(std::size_t index) const;

 private:
  std::shared_ptr<const data::Source> source_;  // null: the clips are at hand
  data::ClipFormat format_;
  std::vector<Clip> clips_;
};

/// The clips of a split ("all": every one) of the sources. @throws DataError if there is none.
[[nodiscard]] ClipSet open_clips(const std::vector<std::string>& sources,
                                 const std::string& split,
                                 const data::ClipFormat& format);

/// A run's training clips, as source and as whole clips, and the valid split, which may be empty.
struct CodecData {
  std::shared_ptr<const data::Source> train_source;
  ClipSet train;
  ClipSet valid;
};

/// @throws DataError if a source cannot be opened or has no clip in the split "train".
[[nodiscard]] CodecData open_codec_data(const CodecTrainOptions& options);

/// Batches of training excerpts of whole latent frames, augmented as `options` say.
/// @param purpose  names the seed: "train", "init". @param first  the batch to begin with.
[[nodiscard]] std::unique_ptr<data::ExcerptLoader> make_loader(const CodecTrainOptions& options,
                                                               const CodecData& data,
                                                               std::string_view purpose,
                                                               std::uint64_t first);

}  // namespace kilonat::train
