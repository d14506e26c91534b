#pragma once
/// One training step of a generator: noise, prediction, gradient; the algorithm on one screen.

#include <cstdint>

#include <torch/types.h>

#include "kilonat/base/seed_tree.h"
#include "kilonat/diffusion/flow.h"
#include "kilonat/generation/generator.h"
#include "kilonat/generation/latent_batches.h"
#include "kilonat/train/adamw.h"
#include "kilonat/train/checkpoint.h"
#include "kilonat/train/codec_step.h"
#include "kilonat/train/ema.h"
#include "kilonat/train/generator_options.h"

namespace kilonat::train {

/// The trainable state of a generator's run and the step that moves it.
class GeneratorStep {
 public:
  /// @param model  on `device`, in training mode.
  GeneratorStep(const GeneratorTrainOptions& options,
                generation::Generator model,
                torch::Device device);

  /// Trains on a batch. Everything random depends on (options.run.seed, step) alone.
  StepResult run(std::int64_t step, const generation::LatentBatch& batch);

  [[nodiscard]] generation::Generator& model() { return model_; }
  [[nodiscard]] const Ema& ema() const { return ema_; }
  /// What the text encoder is and knows, see text::TextEncoder::description.
  [[nodiscard]] std::string text_description() const { return model_->text().description(); }
  /// False once a weight is NaN or infinite.
  [[nodiscard]] bool has_finite_weights() const;

  /// Adds the groups "model", "ema" and "optimiser" and the states beside them.
  void save_to(Checkpoint& checkpoint) const;
  /// @throws FormatError if something is missing or does not fit.
  void restore_from(const Checkpoint& checkpoint);

 private:
  torch::Tensor loss_of(const generation::LatentBatch& batch, const SeedTree& seeds);

  GeneratorTrainOptions options_;
  torch::Device device_;
  SeedTree seeds_;
  generation::Generator model_;
  AdamW optimiser_;
  Ema ema_;
};

/// The normalised score of the model as it is (put the averaged weights in first) on these clips:
/// with their captions, without guidance. The times and the noise follow from `seed`, so that
/// scores of one run differ by the weights alone.
[[nodiscard]] diffusion::FlowScore score_generator(generation::Generator& model,
                                                   const generation::LatentSet& set,
                                                   std::span<const generation::LatentPick> picks,
                                                   std::int64_t batch_size,
                                                   std::uint64_t seed);

/// What held-out latents cost with a generator as their prior.
struct DiffusionBound {
  double static_nats = 0;  ///< a frame, under the Gaussians of LatentNormaliser::static_nats
  double gain_nats = 0;    ///< what the network saves of them (Note [Diffusion bound])
  /// Estimates an upper bound on KL(posterior || p(latent | caption)), nats a frame.
  [[nodiscard]] double nats_per_frame() const { return static_nats - gain_nats; }
};

/// Of the model as it is, on these clips, with their captions; sixteen evaluations of each.
/// @throws Interrupted; DataError if there are no clips.
[[nodiscard]] DiffusionBound diffusion_bound(generation::Generator& model,
                                             const generation::LatentSet& set,
                                             std::span<const generation::LatentPick> picks,
                                             std::int64_t batch_size,
                                             std::uint64_t seed);

}  // namespace kilonat::train
