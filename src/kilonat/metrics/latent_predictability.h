#pragma once
/// How well the next latent frame can be told from those before it: what a generator need not
/// guess.
///
/// D latent channels, F frames, P frames of context.

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace kilonat::metrics {

/// Second moments of windows of P + 1 frames, in expectation over the posterior; float64.
///
/// Note [No sampling]: all that follows is quadratic in z = mean + stddev noise, whose noise is
/// independent between frames and channels. So expectations over it are exact: the moments of the
/// means, and the variances on the diagonal.
class LatentMoments {
 public:
  /// REQUIRES: both >= 1.
  LatentMoments(std::int64_t latent_channels, std::int64_t context_frames);

  /// Adds the frames of one clip that have P frames before them; fewer than P + 1 frames: none.
  /// @param mean_DF, stddev_DF  of one clip, edges cut off. @throws ShapeError.
  void add(const at::Tensor& mean_DF, const at::Tensor& stddev_DF);

  [[nodiscard]] std::int64_t latent_channels() const { return latent_channels_; }
  [[nodiscard]] std::int64_t context_frames() const { return context_frames_; }
  [[nodiscard]] std::int64_t num_frames() const { return num_frames_; }
  /// E[w w'], w = (z_t, z_{t-1}, .., z_{t-P}, 1): [(P + 1) D + 1, (P + 1) D + 1].
  [[nodiscard]] at::Tensor second_moments() const;
  /// Mean over frames of the sum over channels of ln stddev.
  [[nodiscard]] double mean_log_stddev() const;
  /// Covariance of the posterior means over frames, [D, D].
  [[nodiscard]] at::Tensor covariance_of_means() const;

 private:
  std::int64_t latent_channels_;
  std::int64_t context_frames_;
  std::int64_t num_frames_ = 0;
  at::Tensor sum_WW_;
  at::Tensor sum_of_means_D_;
  at::Tensor sum_of_means_DD_;
  double sum_log_stddev_ = 0;
};

/// A Gaussian prior of each frame given the `order` frames before it: z_t ~ N(A (z_{t-1}, ..,
/// z_{t-order}, 1), residual).
struct LinearPrior {
  std::int64_t order = 0;  ///< 0: the same Gaussian, with full covariance, at every frame
  at::Tensor weights;      ///< A, [D, order D + 1]
  at::Tensor residual_DD;  ///< covariance of what A leaves
};

/// Ridge regression. @param ridge  added to the regressors' moments, relative to their mean.
/// @throws DataError if no frame was added. REQUIRES: order <= fit.context_frames().
[[nodiscard]] LinearPrior fit_linear_prior(const LatentMoments& fit,
                                           std::int64_t order,
                                           double ridge);

/// KL(posterior || prior), nats a frame, in expectation over `held_out`: what relative entropy
/// coding of these latents would cost with this prior. @throws DataError if no frame was added.
[[nodiscard]] double nats_under(const LinearPrior& prior, const LatentMoments& held_out);
/// The same under N(0, 1): K, over the same frames.
[[nodiscard]] double nats_under_standard_normal(const LatentMoments& held_out);

/// One order's cost.
struct OrderCost {
  std::int64_t order = 0;
  double nats_per_frame = 0;  ///< on held-out latents
};

/// Note [Linear-predictive gain]: ln of the ratio of the residual's volume (per frame, half the log
/// determinant) without context to that with it: G = (ln det S_0 - ln det S_p) / 2, on held-out
/// latents it shows as the difference of the costs of orders 0 and p.
struct Predictability {
  double nats_per_frame = 0;               ///< K under N(0, 1)
  std::vector<OrderCost> costs;            ///< orders 0, 1, 2, 4, 8 as far as the context goes
  std::int64_t order = 0;                  ///< the one that costs least on the validation part
  double predictive_nats_per_frame = 0;    ///< its cost on held-out latents
  double linear_predictive_gain_nats = 0;  ///< cost of order 0 less that of `order`, a frame
  double effective_rank = 0;               ///< exp of the entropy of the means' spectrum; 1 .. D
  double participation_ratio = 0;          ///< (sum of eigenvalues)^2 / sum of squares; 1 .. D
};

/// @param fit, validation, held_out  of different clips; `validation` only chooses the order.
/// Source: the definitions of text-to-sound predictability (linear AR gain, effective prior rate).
/// @throws DataError if one is empty. REQUIRES: equal widths and contexts.
[[nodiscard]] Predictability measure_predictability(const LatentMoments& fit,
                                                    const LatentMoments& validation,
                                                    const LatentMoments& held_out,
                                                    double ridge = 1e-3);

/// How fast the spectrum of the means falls over time frequency.
struct SpectralDecay {
  double slope = 0;       ///< of ln power over ln frequency, mean over channels; white noise: 0
  double high_share = 0;  ///< of the power (mean removed) above half the Nyquist frequency, 0 .. 1
};

/// Averages periodograms of windows of `window_frames` frames (Hann, half overlapping), each
/// channel scaled to unit variance. Clips shorter than a window are left out.
class SpectralDecayMeter {
 public:
  /// REQUIRES: window_frames >= 8, even.
  SpectralDecayMeter(std::int64_t latent_channels, std::int64_t window_frames = 64);
  void add(const at::Tensor& mean_DF);
  /// Empty if no window was added.
  [[nodiscard]] std::optional<SpectralDecay> decay() const;

 private:
  std::int64_t window_frames_;
  at::Tensor power_DK_;  // summed
  std::int64_t num_windows_ = 0;
};

}  // namespace kilonat::metrics
