/// The penalty laws: a cost on the distance of K from its target. Stateless.

#include <cmath>

#include "kilonat/rate/law.h"

namespace kilonat::rate {

namespace {

double relative_error(const LawInput& input) {
  return (input.observed.kl_nats_per_frame - input.target_nats) / input.target_nats;
}

double sign(double x) {
  return static_cast<double>(x > 0) - static_cast<double>(x < 0);
}

// w |K - K*| / K*
class PenaltyLaw : public Law {
 public:
  explicit PenaltyLaw(double weight) : weight_(weight) {}
  [[nodiscard]] RateTerm term(const LawInput& input) const override {
    const double error = relative_error(input);
    return {.kl_coefficient = weight_ * sign(error) / input.target_nats,
            .value = weight_ * std::abs(error)};
  }

 private:
  double weight_;
};

// w ((K - K*) / K*)^2
class PenaltySquaredLaw : public Law {
 public:
  explicit PenaltySquaredLaw(double weight) : weight_(weight) {}
  [[nodiscard]] RateTerm term(const LawInput& input) const override {
    const double error = relative_error(input);
    return {.kl_coefficient = 2.0 * weight_ * error / input.target_nats,
            .value = weight_ * error * error};
  }

 private:
  double weight_;
};

// w max(0, K - K*) / K*: nothing pulls K up.
class PenaltyHingeLaw : public Law {
 public:
  explicit PenaltyHingeLaw(double weight) : weight_(weight) {}
  [[nodiscard]] RateTerm term(const LawInput& input) const override {
    const double error = relative_error(input);
    if (error <= 0) return {};
    return {.kl_coefficient = weight_ / input.target_nats, .value = weight_ * error};
  }

 private:
  double weight_;
};

}  // namespace

std::unique_ptr<Law> make_penalty_law(const RateLawOptions& options) {
  return std::make_unique<PenaltyLaw>(options.weight);
}

std::unique_ptr<Law> make_penalty_squared_law(const RateLawOptions& options) {
  return std::make_unique<PenaltySquaredLaw>(options.weight);
}

std::unique_ptr<Law> make_penalty_hinge_law(const RateLawOptions& options) {
  return std::make_unique<PenaltyHingeLaw>(options.weight);
}

}  // namespace kilonat::rate
