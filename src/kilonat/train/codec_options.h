#pragma once
/// Everything a codec's training run is configured by: one TOML section per member.

#include <cstdint>
#include <string>
#include <vector>

#include "kilonat/codec/autoencoder_options.h"
#include "kilonat/codec/discriminator.h"
#include "kilonat/data/excerpt_options.h"
#include "kilonat/loss/spectral_loss.h"
#include "kilonat/rate/rate_law.h"
#include "kilonat/train/adamw.h"
#include "kilonat/train/bottleneck_init.h"
#include "kilonat/train/schedule.h"

namespace kilonat::train {

/// The section [rate].
struct RateOptions {
  rate::RateLawOptions law;
  std::int64_t edge_frames = 4;  ///< at each end of an excerpt: see Note [Who pays and who counts]
  bool calibrate = true;         ///< see rate_calibration.h
  std::int64_t calibration_excerpts = 2048;
};

/// The section [loss]. Defaults as DAC.
struct CodecLossOptions {
  double mel_weight = 15.0;
  double stft_weight = 0.0;
  double waveform_weight = 0.0;       ///< of the L1 distance
  double squared_error_weight = 0.0;  ///< of the waveform's mean squared error
  double adversarial_weight = 1.0;
  double feature_weight = 2.0;      ///< of feature matching
  double commitment_weight = 0.25;  ///< rvq
  double codebook_weight = 1.0;     ///< rvq
  loss::MelLossOptions mel;
  loss::StftLossOptions stft;
};

/// The section [adversarial].
struct AdversarialOptions {
  std::int64_t start_step = -1;  ///< first step with discriminators; -1: never
  codec::DiscriminatorOptions discriminator;
};

/// The section [optim].
struct OptimOptions {
  double ema_decay = 0.999;  ///< of the weights that are handed out; 0: none
  AdamWOptions generator;
  AdamWOptions discriminator{.clip_norm = 10.0};
  ScheduleOptions schedule;
};

/// The section [data].
struct DataOptions {
  std::vector<std::string> sources;  ///< files, folders, manifests, shards, "procedural:NAME"
  data::ExcerptOptions excerpts;
};

/// The section [run].
struct RunOptions {
  std::int64_t steps = 10000;
  std::int64_t seed = 0;
  std::int64_t micro_batches = 1;  ///< the batch is run in so many parts
  std::string precision = "auto";  ///< of activations: auto | fp32 | bf16; see kernels/precision.h
  std::int64_t log_every = 1;      ///< steps between lines of metrics.jsonl
  std::int64_t checkpoint_every = 1000;
  std::int64_t keep_checkpoints = 2;
  std::int64_t sample_every = 1000;  ///< steps between listening to the fixed clips; 0: end only
  std::int64_t num_sample_clips = 4;
  double sample_clip_s = 5.0;          ///< at most so much of each
  std::int64_t statistics_clips = 64;  ///< training clips that the latent statistics are taken on
  std::int64_t max_bad_batches = 10;   ///< see NonFiniteGuard
};

struct CodecTrainOptions {
  codec::AutoencoderOptions codec;
  RateOptions rate;
  CodecLossOptions loss;
  AdversarialOptions adversarial;
  DataOptions data;
  OptimOptions optim;
  BottleneckInitOptions init;
  RunOptions run;
};

void describe(config::Schema& schema, RateOptions& options);
void describe(config::Schema& schema, CodecLossOptions& options);
void describe(config::Schema& schema, AdversarialOptions& options);
void describe(config::Schema& schema, OptimOptions& options);
void describe(config::Schema& schema, DataOptions& options);
void describe(config::Schema& schema, RunOptions& options);
void describe(config::Schema& schema, CodecTrainOptions& options);

/// @throws ConfigError for a combination that cannot be trained: an impossible rate, excerpts too
///         short for their edges, micro-batches that do not divide the batch.
void check(const CodecTrainOptions& options);

/// Samples of a training excerpt: data.excerpts.duration_s, rounded down to whole latent frames.
[[nodiscard]] std::int64_t excerpt_samples(const CodecTrainOptions& options);

}  // namespace kilonat::train
