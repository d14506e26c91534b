#pragma once
/// One training step of a codec: discriminator, then generator; the algorithm on one screen.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <torch/types.h>

#include "kilonat/base/seed_tree.h"
#include "kilonat/codec/autoencoder.h"
#include "kilonat/rate/rate_law.h"
#include "kilonat/train/adamw.h"
#include "kilonat/train/adversary.h"
#include "kilonat/train/checkpoint.h"
#include "kilonat/train/codec_losses.h"
#include "kilonat/train/codec_options.h"
#include "kilonat/train/ema.h"
#include "kilonat/train/rate_terms.h"
#include "kilonat/train/run_log.h"

namespace kilonat::train {

/// What a step did.
struct StepResult {
  std::string not_finite;       ///< what was not finite; then no weight has changed. Else empty
  std::vector<Scalar> scalars;  ///< figures for the log
};

/// The trainable state of a codec run and the step that moves it.
///
/// Note [Two passes over micro-batches]: the law's coefficients depend on the whole batch's K, and
/// the discriminator must learn from all fakes before the generator sees it. So with micro-batches
/// the generator runs twice: first without gradients for the statistics and the fakes, then with
/// them, micro-batch by micro-batch. The noise is drawn once for the whole batch and sliced, so the
/// gradient is the whole batch's (for losses that are means over items).
///
/// Note [Who pays and who counts]: near its ends an excerpt's frames see zero padding, which whole
/// clips have at their ends only, and they carry other nats than those within. So the law steers by
/// the inner frames (rate.edge_frames). But all frames pay the price: those that did not would be
/// filled with nats that cost nothing.
class CodecStep {
 public:
  /// @param model  on `device`, in training mode.
  CodecStep(const CodecTrainOptions& options, codec::Autoencoder model, torch::Device device);

  /// Trains on audio [B, C, T]. Everything random depends on (options.run.seed, step) alone.
  StepResult run(std::int64_t step, const torch::Tensor& audio_BCT);

  [[nodiscard]] codec::Autoencoder& model() { return model_; }
  [[nodiscard]] const Ema& ema() const { return ema_; }
  [[nodiscard]] const rate::RateLaw* law() const { return law_ ? &*law_ : nullptr; }
  /// False once a weight is NaN or infinite.
  [[nodiscard]] bool has_finite_weights() const;
  /// Starts the average anew at the present weights: after an initialisation by hand.
  void reset_ema();

  /// Adds the groups "model", "ema", "optimiser" (and "discriminator", "discriminator_optimiser")
  /// and the states beside them.
  void save_to(Checkpoint& checkpoint) const;
  /// @throws FormatError if something is missing or does not fit.
  void restore_from(const Checkpoint& checkpoint);

 private:
  struct Part;      // of the batch: a micro-batch
  struct RateStep;  // what the rate law made of the batch

  Part forward(const torch::Tensor& x_BCT, const codec::EncodeOptions& how);
  std::vector<Part> first_pass(const torch::Tensor& audio_BCT, std::int64_t step);
  codec::EncodeOptions encode_options(const torch::Tensor& audio_BCT,
                                      std::int64_t step,
                                      std::int64_t part) const;
  std::string generator_step(std::int64_t step,
                             double learning_rate_factor,
                             std::vector<Part>& parts,
                             StepResult& result);
  loss::LossTable losses_of(const Part& part, const RateStep& rates, std::int64_t step);
  [[nodiscard]] bool is_adversarial(std::int64_t step) const;
  /// The law's servo.
  void contract_spreads_(double share);
  void log_rate(std::int64_t step, const rate::RateObservation& observed, StepResult& result) const;

  CodecTrainOptions options_;
  torch::Device device_;
  SeedTree seeds_;
  codec::Autoencoder model_;
  AdamW optimiser_;
  Ema ema_;
  CodecLosses losses_;
  std::optional<rate::RateLaw> law_;    // gaussian bottleneck only
  std::optional<Adversary> adversary_;  // with an adversarial phase only
};

}  // namespace kilonat::train
