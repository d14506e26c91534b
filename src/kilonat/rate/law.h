#pragma once
/// The interface of one law, and the table of all of them. To add a law: a file in laws/ with a
/// class and a maker, one line in the table of law.cpp, one line in docs/target_kl.md.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kilonat/rate/rate_law.h"

namespace kilonat::rate {

/// What a law sees: its batch and where K should be now.
struct LawInput {
  double target_nats = 0;         ///< K* of this step, > 0
  RateObservation observed;       ///< of this batch
  double smoothed_nats = 0;       ///< K smoothed over the last steps, this one included in update()
  double target_change_nats = 0;  ///< what the warm-up adds to K* until the next step, <= 0
};

/// Which bound of its control variable a law has reached.
enum class LawBound { kNone, kLower, kUpper };

/// One law. Pure arithmetic; the schedule and the smoothing are RateLaw's.
class Law {
 public:
  virtual ~Law() = default;
  [[nodiscard]] virtual RateTerm term(const LawInput& input) const = 0;
  /// Laws without state keep these defaults.
  virtual void update(const LawInput& input);
  [[nodiscard]] virtual double beta() const { return 0; }
  [[nodiscard]] virtual double spread_contraction() const { return 0; }
  [[nodiscard]] virtual LawBound bound() const { return LawBound::kNone; }
  [[nodiscard]] virtual nlohmann::json state() const;
  virtual void restore(const nlohmann::json& state);
};

/// @throws ConfigError for a name that the table does not hold.
[[nodiscard]] std::unique_ptr<Law> make_law(const RateLawOptions& options);

/// The names of the table, in its order.
[[nodiscard]] std::vector<std::string> law_names();

// The makers, one per file of laws/.
[[nodiscard]] std::unique_ptr<Law> make_penalty_law(const RateLawOptions& options);
[[nodiscard]] std::unique_ptr<Law> make_penalty_squared_law(const RateLawOptions& options);
[[nodiscard]] std::unique_ptr<Law> make_penalty_hinge_law(const RateLawOptions& options);
[[nodiscard]] std::unique_ptr<Law> make_matched_law(const RateLawOptions& options);
[[nodiscard]] std::unique_ptr<Law> make_dual_law(const RateLawOptions& options);
[[nodiscard]] std::unique_ptr<Law> make_fixed_law(const RateLawOptions& options);

}  // namespace kilonat::rate
