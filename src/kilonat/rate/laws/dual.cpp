/// The dual law: beta K / K*, where beta, the price of rate, follows the error of the rate.
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

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/rate/law.h"

namespace kilonat::rate {

namespace {

constexpr double kMaxError = 1.0;  // see Note [Anti-windup]

class DualLaw : public Law {
 public:
  explicit DualLaw(const RateLawOptions& options)
      : gain_(options.gain),
        proportional_gain_(options.proportional_gain),
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
    return {.kl_coefficient = coefficient, .value = coefficient * input.observed.kl_nats_per_frame};
  }

  void update(const LawInput& input) override {
    error_ = std::clamp(input.smoothed_nats / input.target_nats - 1.0, -kMaxError, kMaxError);
    log_beta_ = std::clamp(log_beta_ + gain_ * error_, min_log_beta_, max_log_beta_);
  }

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
  double min_log_beta_;
  double max_log_beta_;
  double log_beta_;
  double error_ = 0;  // relative, of the last update, limited
};

}  // namespace

std::unique_ptr<Law> make_dual_law(const RateLawOptions& options) {
  return std::make_unique<DualLaw>(options);
}

}  // namespace kilonat::rate
