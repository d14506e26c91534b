#pragma once
/// Trains the classifier of sounds and measures it on clips that it has not seen.

#include <cstdint>
#include <functional>

#include <torch/types.h>

#include "kilonat/metrics/bootstrap.h"
#include "kilonat/train/classifier_data.h"

namespace kilonat::train {

/// What a classifier makes of labelled clips.
struct ClassifierAccuracy {
  metrics::Estimate accuracy{};  ///< 0 to 1, with its bootstrap interval over clips
  torch::Tensor confusion_KK;    ///< rows: the true class; columns: what it was taken for
  std::int64_t num_clips = 0;
};

/// Of whole clips, in evaluation mode. @throws DataError if there is none.
[[nodiscard]] ClassifierAccuracy measure_classifier(metrics::SoundClassifierImpl& classifier,
                                                    const LabelledClips& clips);

struct TrainedClassifier {
  metrics::SoundClassifier network{nullptr};  ///< in evaluation mode
  ClassifierAccuracy held_out;  ///< of the splits valid and test, which training never sees
  ClassifierAccuracy
      training;  ///< of the training clips as they are: shows how much it has by heart
  std::int64_t num_steps = 0;
  double training_s = 0;
};

/// Called after each step: its number from 1, how many there are, the loss.
using ClassifierProgress = std::function<void(std::int64_t, std::int64_t, double)>;

/// Trains on the clips of the split "train" for a fixed number of epochs and takes the last
/// weights: the held-out clips choose nothing, so that their accuracy flatters nobody.
/// @throws ConfigError; DataError if either part has no labelled clip; NumericError if the loss is
///         not finite; Interrupted.
[[nodiscard]] TrainedClassifier train_classifier(const ClassifierTrainOptions& options,
                                                 const ClassifierProgress& on_step = {});

}  // namespace kilonat::train
