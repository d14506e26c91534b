/// The matched law: the penalty on the nats that say something, and a light cost on the rest.

#include <cmath>

#include "kilonat/rate/law.h"

namespace kilonat::rate {

namespace {

// w |K_matched - K*| / K* + a A / K*, with A = K - K_matched = KL(aggregate || prior).
//
// A two-sided target on K itself can be met by a constant offset of the means (A alone); K_matched
// does not see a constant, so only what differs within the batch can meet this one.
class MatchedLaw : public Law {
 public:
  MatchedLaw(double weight, double aggregate_weight)
      : weight_(weight), aggregate_weight_(aggregate_weight) {}

  [[nodiscard]] RateTerm term(const LawInput& input) const override {
    const double matched = input.observed.matched_nats_per_frame;
    const double aggregate = input.observed.kl_nats_per_frame - matched;
    const double error = (matched - input.target_nats) / input.target_nats;
    const double slope = static_cast<double>(error > 0) - static_cast<double>(error < 0);
    return {.matched_coefficient = weight_ * slope / input.target_nats,
            .aggregate_coefficient = aggregate_weight_ / input.target_nats,
            .value = weight_ * std::abs(error) + aggregate_weight_ * aggregate / input.target_nats};
  }

 private:
  double weight_;
  double aggregate_weight_;
};

}  // namespace

std::unique_ptr<Law> make_matched_law(const RateLawOptions& options) {
  return std::make_unique<MatchedLaw>(options.weight, options.aggregate_weight);
}

}  // namespace kilonat::rate
