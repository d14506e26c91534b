/// A fixed weight on K: the "KL weight" that users have today, the baseline. The target is ignored.

#include "kilonat/rate/law.h"

namespace kilonat::rate {

namespace {

class FixedLaw : public Law {
 public:
  explicit FixedLaw(double beta) : beta_(beta) {}
  [[nodiscard]] RateTerm term(const LawInput& input) const override {
    return {.kl_coefficient = beta_, .value = beta_ * input.observed.kl_nats_per_frame};
  }
  [[nodiscard]] double beta() const override { return beta_; }

 private:
  double beta_;
};

}  // namespace

std::unique_ptr<Law> make_fixed_law(const RateLawOptions& options) {
  return std::make_unique<FixedLaw>(options.beta);
}

}  // namespace kilonat::rate
