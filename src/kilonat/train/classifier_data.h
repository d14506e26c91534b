#pragma once
/// Labelled clips for the classifier, and the segments that it learns from.
///
/// B batch, M mel bands, F frames, K classes.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <torch/types.h>

#include "kilonat/base/seed_tree.h"
#include "kilonat/data/source.h"
#include "kilonat/train/classifier_options.h"

namespace kilonat::train {

/// Clips as mel powers, in memory: 0.16 MiB for 20 s.
struct LabelledClips {
  std::vector<torch::Tensor> powers_MF;
  std::vector<std::int64_t> classes;
  std::int64_t num_left_out = 0;  ///< of an unknown class, or not readable (the log says which)

  [[nodiscard]] std::size_t size() const { return classes.size(); }
};

/// The classes that a source's clips name, sorted; clips without one count for none.
[[nodiscard]] std::vector<std::string> class_names(const data::Source& source);

/// Reads the clips whose class the classifier knows. @throws Interrupted.
[[nodiscard]] LabelledClips read_labelled_clips(const data::Source& source,
                                                const metrics::SoundClassifierImpl& classifier);

/// A batch of augmented segments.
struct ClassifierBatch {
  torch::Tensor levels_BMF;
  torch::Tensor targets_BK;  ///< probabilities
};

/// Cuts and changes the clips of these numbers; everything random is drawn from `rng`.
///
/// Note [Segments that sound]: many clips are a short sound and silence. A cut is drawn again, up
/// to eight times, until the loudest frame in it is within 15 dB of the clip's loudest.
[[nodiscard]] ClassifierBatch make_classifier_batch(const LabelledClips& clips,
                                                    std::span<const std::size_t> numbers,
                                                    const metrics::SoundClassifierImpl& classifier,
                                                    const ClassifierTrainOptions& options,
                                                    Rng& rng);

}  // namespace kilonat::train
