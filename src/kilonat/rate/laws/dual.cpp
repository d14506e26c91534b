/// The dual law: beta K / K* + a A / K*, where beta, the price of rate, follows the error of the
/// rate, and A = KL(aggregate || prior) is what K holds beyond information.
///
/// Note [Why beta moves in log space]: d ln beta = gain (K - K*) / K* keeps beta > 0 and makes the
/// gain independent of beta's scale, which nobody knows before the run: it is the slope of the
/// distortion over the rate.
///
/// Note [Damping]: K follows beta with a lag (the optimiser, the smoothing), so pure integral
/// action overshoots. The price used in the loss is exp(proportional_gain x error) times the
/// integrated one: it leads the integral and vanishes with the error, so the price at rest is
/// unchanged.
///
/// Note [Anti-windup]: the integral is clamped to its bounds at every step, and the error that
/// drives it to +-1, so a start at twenty times the target moves it no faster than one at twice the
/// target.
///
/// Note [Linear in K]: the law prices the *mean* of K, so a loud bark may cost three times what
/// silence does as long as the mean is right: the gradient on every frame is the same beta / K*. A
/// two-sided penalty on a batch's K pushes a quiet batch up and a loud one down instead, towards
/// the same K for every sound, and rewards nats that say nothing.
///
/// Note [Why A has a price of its own]: offset and scale of a channel can be moved between the
/// posterior and the decoder's first layer without changing a single sample of the output, so
/// driving A to zero costs the reconstruction nothing, while beta alone (small when the rate is
/// high) would take the whole run to do it.
///
/// Note [The servo]: the optimiser follows beta with a lag of its own, and at the end of a schedule
/// hardly at all. Taking every raw spread a hundredth of its way to the prior's takes about a
/// hundredth off K, at once, where the nats are: what is as wide as the prior stays so. (Adding the
/// same number to all of them instead widens a loud frame as much as a silent one, and cannot lower
/// a K that the means hold: a spread beyond the prior's costs nats again.) So the servo holds the
/// mean while beta finds the price at which it has nothing left to do.
///
/// Note [Where beta begins]: in units of K*, between about 1 and 6 with DAC's mel weight and clamp,
/// and below 0.5 once the loss is deaf below a noise floor. While the servo holds the mean, beta
/// has little error to move by, so its gain is three times what it could bear alone: at a gain of
/// 0.03 it was still falling after 400 steps, far above its rest, and K stood 15 to 30 % below its
/// target (ESC-10, half-width tiny16); at 0.1 K was within 2 %.
///
/// Note [Feed-forward]: while the target falls, the servo takes off each step what the target
/// loses, before there is an error to react to. Left to beta, K lags behind the target for the
/// whole warm-up, the integral winds up, and K falls through the target: at 0.5 kbit/s, where the
/// way is long, to two thirds of it.

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/rate/law.h"

namespace kilonat::rate {

namespace {

constexpr double kMaxError = 1.0;  // see Note [Anti-windup]
constexpr double kServoRange =
    0.5;  // relative error: from further off the smoothed K lags too much
constexpr double kMaxContraction = 0.05;  // a step: the decoder has to keep up

class DualLaw : public Law {
 public:
  explicit DualLaw(const RateLawOptions& options)
      : gain_(options.gain),
        proportional_gain_(options.proportional_gain),
        servo_gain_(options.servo_gain),
        aggregate_weight_(options.aggregate_weight),
        min_log_beta_(std::log(options.min_beta)),
        max_log_beta_(std::log(options.max_beta)),
        log_beta_(std::log(options.initial_beta)) {
    KILONAT_REQUIRE(min_log_beta_ <= log_beta_ && log_beta_ <= max_log_beta_,
                    ConfigError,
                    "rate.initial_beta is {}, expected rate.min_beta {} to rate.max_beta {}",
                    options.initial_beta,
                    options.min_beta,
                    options.max_beta);
  }

  [[nodiscard]] RateTerm term(const LawInput& input) const override {
    const double coefficient = beta() / input.target_nats;
    const double of_aggregate = aggregate_weight_ / input.target_nats;
    const double aggregate =
        input.observed.kl_nats_per_frame - input.observed.matched_nats_per_frame;
    return {.kl_coefficient = coefficient,
            .aggregate_coefficient = of_aggregate,
            .value = coefficient * input.observed.kl_nats_per_frame + of_aggregate * aggregate};
  }

  void update(const LawInput& input) override {
    error_ = std::clamp(input.smoothed_nats / input.target_nats - 1.0, -kMaxError, kMaxError);
    log_beta_ = std::clamp(log_beta_ + gain_ * error_, min_log_beta_, max_log_beta_);
    const double near_error = std::abs(error_) < kServoRange ? error_ : 0.0;
    const double feed_forward =
        servo_gain_ > 0 ? -input.target_change_nats / input.target_nats : 0.0;
    contraction_ =
        std::clamp(servo_gain_ * near_error + feed_forward, -kMaxContraction, kMaxContraction);
  }

  [[nodiscard]] double spread_contraction() const override { return contraction_; }

  [[nodiscard]] double beta() const override {
    return std::exp(
        std::clamp(log_beta_ + proportional_gain_ * error_, min_log_beta_, max_log_beta_));
  }

  [[nodiscard]] LawBound bound() const override {
    if (log_beta_ <= min_log_beta_) return LawBound::kLower;
    if (log_beta_ >= max_log_beta_) return LawBound::kUpper;
    return LawBound::kNone;
  }

  [[nodiscard]] nlohmann::json state() const override {
    return {{"log_beta", log_beta_}, {"error", error_}};
  }

  void restore(const nlohmann::json& state) override {
    const bool complete = state.is_object() && state.contains("log_beta") &&
                          state["log_beta"].is_number() && state.contains("error") &&
                          state["error"].is_number();
    KILONAT_REQUIRE(
        complete, FormatError, "restoring the dual law: 'log_beta' or 'error' is no number");
    log_beta_ = std::clamp(state["log_beta"].get<double>(), min_log_beta_, max_log_beta_);
    error_ = state["error"].get<double>();
  }

 private:
  double gain_;
  double proportional_gain_;
  double servo_gain_;
  double aggregate_weight_;
  double min_log_beta_;
  double max_log_beta_;
  double log_beta_;
  double error_ = 0;        // relative, of the last update, limited
  double contraction_ = 0;  // of the last update; applied at once, so no part of the state
};

}  // namespace

std::unique_ptr<Law> make_dual_law(const RateLawOptions& options) {
  return std::make_unique<DualLaw>(options);
}

}  // namespace kilonat::rate
