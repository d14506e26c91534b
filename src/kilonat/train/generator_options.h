#pragma once
/// Everything a generator's training run is configured by: one TOML section per member.

#include <cstdint>
#include <string>
#include <vector>

#include "kilonat/generation/generator_options.h"
#include "kilonat/train/adamw.h"
#include "kilonat/train/schedule.h"

namespace kilonat::train {

/// The section [batches].
struct GeneratorBatchOptions {
  std::string latents{};  ///< folder of the set (generation/latent_set.h)
  std::int64_t batch_size = 16;
  std::int64_t max_frames = 0;     ///< longer clips are cut to a stretch drawn anew; 0: none is cut
  double prefix_share = 0.2;       ///< of the clips: they end early, so that durations vary
  double shortest_s = 1;           ///< of those
  bool sample = true;              ///< latents are drawn from their posteriors; false: the means
  double caption_dropout = 0.1;    ///< share of captions that the null token replaces
  std::string split = "train";     ///< of the set, to train on
  std::string held_out = "valid";  ///< of the set, that the score is measured on
};

/// The section [optim].
struct GeneratorOptimOptions {
  double ema_decay = 0.999;  ///< what the averages' decay rises to; see Note [EMA warm-up]
  AdamWOptions adamw{
      .learning_rate = 3e-4, .beta1 = 0.9, .beta2 = 0.99, .weight_decay = 0.01, .clip_norm = 1.0};
  ScheduleOptions schedule{.warmup_steps = 500, .decay_per_step = 1.0};
};

/// The section [run].
struct GeneratorRunOptions {
  std::int64_t steps = 10000;
  std::int64_t seed = 0;
  std::int64_t log_every = 10;  ///< steps between lines of metrics.jsonl
  std::int64_t checkpoint_every = 1000;
  std::int64_t keep_checkpoints = 2;
  std::int64_t evaluate_every = 1000;  ///< steps between scores on held-out clips; 0: end only
  std::int64_t evaluated_clips = 64;   ///< at most so many
  std::int64_t sample_every = 2000;    ///< steps between sounds from the prompts; 0: end only
  std::vector<std::string> sample_prompts{};  ///< empty: captions of held-out clips
  std::int64_t num_samples = 4;               ///< of those captions
  std::int64_t max_bad_batches = 10;          ///< see NonFiniteGuard
};

/// The section [text].
struct TextOptions {
  std::string t5_folder{};  ///< of a T5 that stays as it is; empty: words are learnt, see [words]
};

struct GeneratorTrainOptions {
  generation::GeneratorOptions generator;  ///< [transformer], [flow], [latent], [words]
  TextOptions text;
  GeneratorBatchOptions batches;
  GeneratorOptimOptions optim;
  GeneratorRunOptions run;
};

void describe(config::Schema& schema, GeneratorBatchOptions& options);
void describe(config::Schema& schema, TextOptions& options);
void describe(config::Schema& schema, GeneratorOptimOptions& options);
void describe(config::Schema& schema, GeneratorRunOptions& options);
void describe(config::Schema& schema, GeneratorTrainOptions& options);

/// @throws ConfigError for a combination that cannot be trained.
void check(const GeneratorTrainOptions& options);

}  // namespace kilonat::train
