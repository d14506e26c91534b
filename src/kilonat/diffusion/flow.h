#pragma once
/// What the network is trained on: times, noised latents, the loss; and the score that says what it
/// has learnt.
///
/// B batch, C latent channels, F frames.

#include <array>
#include <cstdint>
#include <string>

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include "kilonat/config/schema.h"
#include "kilonat/diffusion/objective.h"

namespace kilonat::diffusion {

/// The section [flow].
struct FlowOptions {
  Objective objective = Objective::kRectifiedFlow;
  /// logit_normal: ln(t / (1 - t)) ~ N(mean, stddev^2) (Esser et al. 2403.03206); uniform.
  std::string times = "logit_normal";
  double logit_mean = 0;
  double logit_stddev = 1;
};

void describe(config::Schema& schema, FlowOptions& options);

/// Times of a batch, float32 in (0, 1), on the CPU.
///
/// Note [Stratified times]: the i-th of B quantiles has one time in each batch, at a random row, so
/// that the loss of a batch depends less on which times it happened to get.
[[nodiscard]] at::Tensor draw_times(const FlowOptions& options,
                                    std::int64_t batch,
                                    at::Generator generator);

/// A batch as the network gets it, and what it should answer.
struct FlowExample {
  at::Tensor x_t_BCF;
  at::Tensor target_BCF;
};
[[nodiscard]] FlowExample make_example(Objective objective,
                                       const at::Tensor& x_BCF,
                                       const at::Tensor& noise_BCF,
                                       const at::Tensor& t_B);

/// Mean of (velocity - target)^2 over channels and valid frames, so that clips count by their
/// duration; scalar. @param frame_mask_BF bool, true: valid; undefined: all.
[[nodiscard]] at::Tensor flow_loss(const at::Tensor& velocity_BCF,
                                   const at::Tensor& target_BCF,
                                   const at::Tensor& frame_mask_BF);

/// Loss of a network that knows of a latent only the standard deviation s of its channels, the
/// mean over uniform t.
///
/// Note [Zero-point]: for x ~ N(0, s^2) the error that no network can avoid is
/// Var(target | x_t) = s^2 / (alpha^2 s^2 + sigma^2); its mean over t is (pi / 2) s for
/// rectified_flow, and s for v.
/// @param mean_stddev  mean of s over channels.
[[nodiscard]] double zero_point(Objective objective, double mean_stddev);

/// eta = 1 - loss / zero_point: 0, nothing learnt beyond the spread of channels; 1, everything.
/// Comparable across rates and numbers of channels, which the loss is not.
struct FlowScore {
  static constexpr std::size_t kNumBins = 5;  ///< of t, of equal width

  std::int64_t num_frames = 0;
  double loss = 0;        ///< mean over uniform t
  double zero_point = 0;  ///< of the latents measured
  double normalised = 0;  ///< eta
  /// eta within each bin of t: there the zero-point is the mean of Var(target | x_t).
  std::array<double, kNumBins> normalised_by_time{};
};

/// Accumulates the score over held-out latents. The network should be the moving average, and the
/// times those of uniform_times().
///
/// The spread of channels is that of the latents given, about 0: latents are normalised, so an
/// offset is information that the network had to know.
class FlowScoreMeter {
 public:
  explicit FlowScoreMeter(Objective objective, std::int64_t num_channels);

  /// @param x_BCF  latents; @param t_B their times; @param velocity_BCF what the network said.
  /// @throws ShapeError; NumericError for a loss that is not finite.
  void add(const at::Tensor& x_BCF,
           const at::Tensor& noise_BCF,
           const at::Tensor& t_B,
           const at::Tensor& velocity_BCF,
           const at::Tensor& frame_mask_BF);

  /// @throws DataError if nothing was added.
  [[nodiscard]] FlowScore score() const;

 private:
  Objective objective_;
  at::Tensor squares_C_;  ///< float64: sum of x^2 over frames
  std::int64_t num_frames_ = 0;
  std::array<double, FlowScore::kNumBins> squared_errors_{};
  std::array<std::int64_t, FlowScore::kNumBins> frames_by_time_{};
};

/// Times for a score: stratified and uniform in (0, 1).
[[nodiscard]] at::Tensor uniform_times(std::int64_t batch, at::Generator generator);

}  // namespace kilonat::diffusion
