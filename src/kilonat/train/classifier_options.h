#pragma once
/// What the classifier of sounds is trained with.

#include <cstdint>
#include <string>
#include <vector>

#include "kilonat/metrics/sound_classifier.h"
#include "kilonat/train/adamw.h"

namespace kilonat::train {

/// The section [augment]: how training segments differ from their clips.
struct AugmentOptions {
  double segment_s = 4;  ///< cut at random where the clip sounds; silence is added to shorter ones
  double gain_db = 6;    ///< a gain from the uniform distribution on +- this
  double noise_min_db = -90;  ///< a noise floor from these levels in every band, re full scale
  double noise_max_db = -45;
  std::int64_t masked_mels = 8;  ///< up to so many neighbouring bands are hidden (SpecAugment)
  double masked_s = 0.5;         ///< and up to so much of the time
  double mix_share = 0.5;        ///< segments that another one, of a lower level, is mixed into
};

void describe(config::Schema& schema, AugmentOptions& options);

/// The section [run].
struct ClassifierRunOptions {
  std::int64_t epochs = 40;
  std::int64_t batch_size = 16;
  double label_smoothing = 0.1;  ///< probability that the targets give to all classes alike
  double warmup_share = 0.1;     ///< of the run; then the learning rate falls along a half cosine
  std::int64_t seed = 0;
};

void describe(config::Schema& schema, ClassifierRunOptions& options);

/// The section [data].
struct ClassifierDataOptions {
  std::vector<std::string> sources;  ///< as data::open_source
};

void describe(config::Schema& schema, ClassifierDataOptions& options);

/// A config of `kilonat train-classifier`.
struct ClassifierTrainOptions {
  ClassifierDataOptions data;
  metrics::ClassifierOptions classifier;
  AugmentOptions augment;
  AdamWOptions optim{
      .learning_rate = 3e-3, .beta1 = 0.9, .beta2 = 0.99, .weight_decay = 0.02, .clip_norm = 5};
  ClassifierRunOptions run;
};

void describe(config::Schema& schema, ClassifierTrainOptions& options);
/// @throws ConfigError for values that do not go together.
void check(const ClassifierTrainOptions& options);

}  // namespace kilonat::train
