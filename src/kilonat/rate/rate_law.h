#pragma once
/// The rate law: what a training step adds to the loss so that the latent carries the rate asked
/// for.
///
/// K is the batch mean of the nats per frame under the prior N(0, 1). It splits exactly into
/// K = K_matched + A: K_matched is K against the Gaussian with the batch's own moments per channel,
/// A = KL(that Gaussian || prior), which says nothing about the input.
///
/// Note [Linear terms]: every law's gradient is a linear combination of the gradients of K,
/// K_matched and A with coefficients that depend on their values only. So the trainer computes the
/// three tensors, asks for a RateTerm, and adds `kl_coefficient * K + matched_coefficient *
/// K_matched + aggregate_coefficient * A`; nothing here needs torch.
///
/// Note [A target that moves]: what is smoothed is K in units of its target. A plain mean over the
/// last steps would lag behind a target that falls in the warm-up: K that follows it to the dot
/// would seem too high all the way, and be driven below.

#include <cstdint>
#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace kilonat::config {
class Schema;
}

namespace kilonat::rate {

class Law;

/// The section [rate] of a config.
struct RateLawOptions {
  std::string law = "dual";  ///< see law_names()
  double target_kbps = 2.0;  ///< the rate asked for, mean over training excerpts

  // penalty laws and matched
  double weight = 10.0;  ///< of the penalty, in units of the loss

  // matched and dual
  double aggregate_weight = 30.0;  ///< of A / K*, in units of the loss

  // fixed
  double beta = 1e-2;  ///< loss per nat per frame

  // dual
  double initial_beta = 2.0;       ///< loss per K*; see Note [Where beta begins] in laws/dual.cpp
  double gain = 0.1;               ///< change of ln beta a step per unit of relative error
  double proportional_gain = 1.0;  ///< momentary change of ln beta per unit of relative error
  double servo_gain = 0.05;        ///< see RateLaw::spread_contraction
  double min_beta = 1e-4;
  double max_beta = 1e4;

  double smoothing = 0.95;  ///< of the K that `dual` follows and the end report judges, a step
  std::int64_t warmup_steps = 0;  ///< over which the target falls to its final value
  double start_factor = 0.0;  ///< start of the warm-up in units of the target; 0: the measured K
};

void describe(config::Schema& schema, RateLawOptions& options);

/// A batch's rates.
struct RateObservation {
  double kl_nats_per_frame = 0;
  double matched_nats_per_frame = 0;  ///< K - this is A; only `matched` looks at it
};

/// What the loss gains: see Note [Linear terms].
struct RateTerm {
  double kl_coefficient = 0;
  double matched_coefficient = 0;
  double aggregate_coefficient = 0;
  double value = 0;  ///< the law's own loss, for the log; not the sum of the linear terms
};

/// How a run ended, or stands.
enum class RateVerdict {
  kReached,     ///< within the tolerance; below it, for a hinge; whatever it is, for a fixed beta
  kBelow,       ///< K is too low and the law has room left: train longer or raise its gain
  kAbove,       ///< K is too high, likewise
  kNoMoreNats,  ///< K is too low at beta's lower bound: the model gives no more nats
  kWillNotGoLower  ///< K is too high at beta's upper bound
};

struct RateReport {
  RateVerdict verdict = RateVerdict::kReached;
  std::string text;  ///< one line with the numbers
};

/// Nats that a channel can carry at most: its posterior stddev is at least 1e-4, and the aggregate
/// has the prior's unit variance, so -ln 1e-4 = 9.21 nats.
inline constexpr double kMaxNatsPerChannel = 9.210340371976182;

/// @throws ConfigError with the numbers if the target is more than `latent_channels` can carry.
void require_reachable(const RateLawOptions& options,
                       double frame_rate_hz,
                       std::int64_t latent_channels);

/// A law with its schedule and smoothed state. Once a step: `term`, then `update`.
class RateLaw {
 public:
  /// REQUIRES: frame_rate_hz > 0. @throws ConfigError for an unknown law, a target <= 0 or one that
  /// `latent_channels` cannot carry.
  RateLaw(RateLawOptions options, double frame_rate_hz, std::int64_t latent_channels);
  ~RateLaw();
  RateLaw(RateLaw&&) noexcept;
  RateLaw& operator=(RateLaw&&) noexcept;

  /// What this step's loss gains. Does not change the law.
  [[nodiscard]] RateTerm term(std::int64_t step, const RateObservation& observation) const;
  /// Moves the law's state by this step's observation. Ignores one that is not finite.
  void update(std::int64_t step, const RateObservation& observation);

  /// The share of the way to the prior's that the trainer takes every raw spread (before softplus)
  /// after the step of the last update: servo_gain (K - K*) / K* and what the warm-up takes off K*,
  /// limited; below 0 away from it; 0 for a law without a servo.
  [[nodiscard]] double spread_contraction() const;

  /// K* of this step: within the warm-up above the final one.
  [[nodiscard]] double target_nats(std::int64_t step) const;
  [[nodiscard]] double final_target_nats() const { return final_target_nats_; }
  /// The present weight of K / K* (0 for a law without one). The price of a nat is beta / K*.
  [[nodiscard]] double beta() const;
  /// Smoothed K; 0 before the first update.
  [[nodiscard]] double smoothed_nats() const { return smoothed_nats_; }
  [[nodiscard]] double frame_rate_hz() const { return frame_rate_hz_; }
  [[nodiscard]] const RateLawOptions& options() const { return options_; }

  /// Judges the smoothed K against the final target.
  [[nodiscard]] RateReport report(double relative_tolerance = 0.02) const;
  /// Judges a K that was measured otherwise, for example on the averaged weights.
  [[nodiscard]] RateReport report_on(double nats, double relative_tolerance = 0.02) const;

  /// All that changes, for the checkpoint; restore() continues exactly.
  [[nodiscard]] nlohmann::json state() const;
  /// @throws FormatError if a value is missing or of the wrong type.
  void restore(const nlohmann::json& state);

 private:
  RateLawOptions options_;
  double frame_rate_hz_;
  double final_target_nats_;
  double start_nats_ = 0;     // of the warm-up; 0: not known yet
  double smoothed_nats_ = 0;  // 0: no observation yet
  std::unique_ptr<Law> law_;
};

}  // namespace kilonat::rate
