#pragma once
/// Which rate is the best for generation, and how sure that is.

#include <cstdint>
#include <vector>

namespace kilonat::study {

/// A figure of one generator (one seed) of a rate, with its 95 % interval over its sounds.
struct RateFigure {
  double target_kbps = 0;
  double value = 0;
  double low = 0;
  double high = 0;
};

struct RateShare {
  double target_kbps = 0;
  double share = 0;  ///< of the draws in which this rate was the best
};

/// Draws, for each rate, as many of its generators as it has, with replacement, moves each by
/// normal noise of its own interval's width, and takes their mean: the share of draws in which a
/// rate is the best. Rates ascending; the shares add up to 1. Empty for no figure.
[[nodiscard]] std::vector<RateShare> best_rate_shares(const std::vector<RateFigure>& figures,
                                                      bool lower_is_better,
                                                      std::uint64_t seed,
                                                      int draws = 4000);

}  // namespace kilonat::study
