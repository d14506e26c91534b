#pragma once
/// What judges say of every clip of a set.
///
/// N clips (or rows of an embedding), K classes, D features.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kilonat/audio/buffer.h"
#include "kilonat/data/source.h"
#include "kilonat/metrics/caption_hearing.h"
#include "kilonat/metrics/cnn14.h"
#include "kilonat/metrics/sound_classifier.h"
#include "kilonat/metrics/vggish.h"

namespace kilonat::metrics {

/// Rows of one embedding: one a clip, or several (frames).
struct EmbeddedClips {
  at::Tensor rows_ND;
  std::vector<std::int64_t> clips;  ///< of each row the clip's number

  /// The rows of these clips (int64, with repetitions), in their order.
  [[nodiscard]] at::Tensor rows_of(const at::Tensor& drawn) const;
  /// How often each row counts when these clips are drawn, [N].
  [[nodiscard]] at::Tensor weights_of(const at::Tensor& drawn) const;
};

struct SoundSet {
  std::vector<std::string> ids;
  std::vector<std::int64_t> classes;  ///< of each clip, as the classifier numbers them; -1: none
  at::Tensor log_posteriors_NK;
  std::map<std::string, EmbeddedClips> embeddings;  ///< "classifier", "cnn14", "vggish"
  at::Tensor statistics_ND;                         ///< sound_statistics
  std::vector<double> durations_s;
  std::vector<std::string> captions{};            ///< empty, or one a clip
  std::vector<std::vector<CheckedWord>> words{};  ///< empty, or of each clip what its caption says

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(ids.size()); }
};

/// Listens to clips. All are mixed to one channel and brought to the classifier's loudness, for
/// every judge alike: what differs between a set and its reference is never the level.
class SoundJudge {
 public:
  explicit SoundJudge(SoundClassifier classifier);
  void use(Cnn14 cnn14) { cnn14_ = std::move(cnn14); }
  void use(Vggish vggish) { vggish_ = std::move(vggish); }

  [[nodiscard]] SoundClassifierImpl& classifier() { return *classifier_; }

  /// A clip, its name and its class ("" or one that the classifier does not know: none).
  struct NamedClip {
    std::string id;
    std::string label;
    audio::AudioBuffer audio;
    std::string caption{};
  };
  /// @param clip  gives the clip of a number; its DataError or IoError leaves the clip out and is
  ///     logged. @param on_clip  called after each; may be empty.
  /// @throws DataError if fewer than two clips remain.
  [[nodiscard]] SoundSet judge(std::size_t num_clips,
                               const std::function<NamedClip(std::size_t)>& clip,
                               const std::function<void()>& on_clip = {});
  /// The clips of a source.
  [[nodiscard]] SoundSet judge(const data::Source& source,
                               const std::function<void()>& on_clip = {});

 private:
  struct Collected;
  void listen(const NamedClip& clip, Collected& collected);

  SoundClassifier classifier_;
  std::optional<Cnn14> cnn14_;
  std::optional<Vggish> vggish_;
};

}  // namespace kilonat::metrics
