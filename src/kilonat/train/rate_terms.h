#pragma once
/// The torch side of the rate law: a batch's rates, and the loss that steers them.
///
/// B batch, D latent width, F latent frames.

#include <cstdint>
#include <span>

#include <torch/types.h>

#include "kilonat/rate/rate_law.h"

namespace kilonat::train {

/// What the rate laws need of a posterior. All float64: K_matched is a small difference of squares.
struct RateStatistics {
  torch::Tensor kl_nats;   ///< scalar: K, nats per frame, mean over batch and frames
  torch::Tensor first_D;   ///< mean over batch and frames of the posterior mean
  torch::Tensor second_D;  ///< of mean^2 + stddev^2
};

/// Statistics of a batch; `edge_frames` frames at each end of the excerpt are left out, because
/// there the encoder sees zero padding instead of sound.
/// @throws ConfigError if no frame is left. Differentiable.
[[nodiscard]] RateStatistics rate_statistics(const torch::Tensor& mean_BDF,
                                             const torch::Tensor& stddev_BDF,
                                             std::int64_t edge_frames);

/// The statistics of micro-batches of equal size, as those of the whole batch; detached.
[[nodiscard]] RateStatistics combine(std::span<const RateStatistics> parts);

/// Values for the law. One device sync.
[[nodiscard]] rate::RateObservation observe(const RateStatistics& statistics);

/// A scalar with the gradient that `term` asks for, and its value.
///
/// Note [Exact gradients from micro-batches]: A = KL(Gaussian with the batch's moments || N(0, 1))
/// is not a mean over the batch, so the A of a micro-batch has another gradient. But
/// dA/dfirst = first / var and dA/dsecond = (1 - 1/var) / 2, with var = second - first^2, and the
/// moments are means. So A enters through its linearisation at the whole batch's moments; with
/// K_matched = K - A, the mean over the micro-batches has exactly the whole batch's gradient.
///
/// @param part   of this micro-batch, with its graph.
/// @param batch  of the whole batch, detached (combine).
[[nodiscard]] torch::Tensor rate_loss(const RateStatistics& part,
                                      const RateStatistics& batch,
                                      const rate::RateTerm& term);

}  // namespace kilonat::train
