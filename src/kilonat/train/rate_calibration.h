#pragma once
/// The last step of a run: brings the averaged weights to the rate asked for, and measures it.

#include <cstdint>
#include <functional>
#include <optional>

#include <torch/types.h>

#include "kilonat/codec/autoencoder.h"

namespace kilonat::train {

/// The most that calibration contracts.
inline constexpr double kMaxContraction = 0.5;

/// Nats per frame of a model over fresh excerpts, edges left out.
/// @param next_batch   gives audio [B, C, T] on the model's device.
/// @param num_batches  at least 1. REQUIRES: the model's bottleneck is gaussian.
[[nodiscard]] double mean_nats(codec::Autoencoder& model,
                               std::int64_t num_batches,
                               std::int64_t edge_frames,
                               const std::function<torch::Tensor()>& next_batch);

/// Finds the contraction of the raw spreads towards the prior's (bottleneck_init.h) that gives a
/// mean of `target_nats` over the excerpts, and does it.
///
/// Note [Calibration]: the law steers the weights of each step on batches of some dozen excerpts;
/// what is handed out is a moving average of them, measured on many, none of them augmented
/// (with gains of 6 dB up and down tiny16's at 1 kbit/s carried 4 % more than without). Between the
/// two lie a few percent. What closes it is the law's servo once more (rate/laws/dual.cpp), solved
/// for instead of approached, with means and decoder untouched. A run that missed its target by
/// more than `max_relative_error` is left as it is and reported so: moving the spreads far from
/// what the decoder learned with would hide it, not mend it.
///
/// @returns the contraction, or nothing (and the model unchanged) if the target is too far, or none
/// within +-kMaxContraction reaches it (the means alone hold more).
/// REQUIRES: the model's bottleneck is gaussian; num_batches >= 1.
std::optional<double> calibrate_rate_(codec::Autoencoder& model,
                                      double target_nats,
                                      double max_relative_error,
                                      std::int64_t num_batches,
                                      std::int64_t edge_frames,
                                      const std::function<torch::Tensor()>& next_batch);

}  // namespace kilonat::train
