#pragma once
/// The discriminator's side of training: its step, and what it tells the generator.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <torch/types.h>

#include "kilonat/codec/discriminator.h"
#include "kilonat/loss/loss_table.h"
#include "kilonat/train/adamw.h"
#include "kilonat/train/checkpoint.h"
#include "kilonat/train/codec_options.h"
#include "kilonat/train/run_log.h"

namespace kilonat::train {

/// A discriminator with its optimiser.
class Adversary {
 public:
  /// Builds it with weights from the run's seed.
  Adversary(const CodecTrainOptions& options, torch::Device device);

  /// A micro-batch of sound and its reconstruction, detached.
  struct Pair {
    torch::Tensor real_BCT;
    torch::Tensor fake_BCT;
  };

  /// One update over all pairs. Appends its figures to `row`.
  /// @returns  what was not finite (then nothing was updated), else empty.
  std::string step_(std::span<const Pair> pairs,
                    double learning_rate_factor,
                    std::vector<Scalar>& row);

  /// Adds what the generator is to lower: "adv/generator" and "adv/features".
  void add_generator_losses(loss::LossTable& table,
                            const torch::Tensor& real_BCT,
                            const torch::Tensor& fake_BCT);

  /// Groups "discriminator" and "discriminator_optimiser".
  /// Of the discriminators' activations.
  void set_precision(kernels::Precision precision) { discriminator_->set_precision(precision); }

  void save_to(Checkpoint& checkpoint) const;
  void restore_from(const Checkpoint& checkpoint);

 private:
  CodecTrainOptions options_;
  codec::Discriminator discriminator_;
  AdamW optimiser_;
};

}  // namespace kilonat::train
