#pragma once
/// The figures of a set of generated sounds against real ones.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <ATen/core/Tensor.h>

#include "kilonat/metrics/bootstrap.h"
#include "kilonat/metrics/frechet.h"
#include "kilonat/metrics/kernel_distance.h"
#include "kilonat/metrics/sound_set.h"

namespace kilonat::metrics {

/// Of SoundScores::caption_words: over all words.
inline constexpr const char* kAllAspects = "all";

/// How far a set is from the reference in one embedding.
struct SetDistance {
  Estimate kernel;   ///< KAD, the primary one at small sets
  Estimate frechet;  ///< FAD
  std::int64_t dimensions = 0;
  std::int64_t num_rows = 0;
};

/// One line of a table: a set of sounds.
struct SoundScores {
  std::int64_t num_clips = 0;
  std::int64_t num_with_class = 0;
  std::map<std::string, SetDistance> distances{};  ///< by embedding
  /// Absent where no clip has a class that the classifier knows.
  std::optional<Estimate> accuracy{};
  std::optional<Estimate> kl_reference_first{};  ///< KL(reference || set), nats; Note [Direction of
                                                 ///< the KL]
  std::optional<Estimate> kl_set_first{};        ///< KL(set || reference)
  at::Tensor confusion_KK{};                     ///< rows: the class asked for
  /// Share of the words of procedural captions that the sounds bear out, by aspect ("pitch",
  /// "decay" ..), and over all of them under "all". Empty where no caption is of that kind.
  std::map<std::string, Estimate> caption_words{};
  Estimate inception_score{};
  Estimate nearest_db{};  ///< mean distance to the nearest training clip
  Estimate near_share{};  ///< clips nearer to a training clip than 19 of 20 real unseen ones
};

/// Scores sets against the training clips of a reference.
///
/// Note [Why the training clips are the reference]: the classifier knows them better than unseen
/// clips, generated ones included. So the fair anchor of a perfect generator is a set of unseen
/// real clips against the training clips, and all other sets are measured against the same. A set
/// that comes closer than that anchor, and whose clips lie nearer to training clips than unseen
/// ones do, is suspected of copies.
///
/// KL: of each clip with a class, between its posterior and the mean posterior of the reference's
/// clips of that class; the mean over clips. Intervals: bootstrap over the set's clips, the
/// reference fixed.
class GenerationScorer {
 public:
  /// @param training, held_out  real clips; both at least two.
  GenerationScorer(const SoundSet& training,
                   const SoundSet& held_out,
                   const BootstrapOptions& bootstrap = {});

  /// @throws DataError for a set of fewer than two clips; ShapeError if it lacks an embedding.
  [[nodiscard]] SoundScores score(const SoundSet& set) const;

  /// Distance in dB under which one in twenty of the real unseen clips lies to a training clip.
  [[nodiscard]] double near_db() const { return near_db_; }

 private:
  struct Reference {
    KernelDistance kernel;
    FrechetReference frechet;
  };

  [[nodiscard]] SetDistance distance(const std::string& name, const EmbeddedClips& clips) const;
  void score_classes(const SoundSet& set, SoundScores& scores) const;
  void score_words(const SoundSet& set, SoundScores& scores) const;
  /// Mean of a figure of each clip.
  [[nodiscard]] Estimate mean_of(const at::Tensor& values_N) const;

  BootstrapOptions bootstrap_;
  std::map<std::string, Reference> references_;
  at::Tensor class_log_posteriors_KK_;
  at::Tensor training_statistics_;
  double near_db_ = 0;
};

}  // namespace kilonat::metrics
