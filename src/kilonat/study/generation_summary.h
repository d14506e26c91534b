#pragma once
/// What a generation study comes to: which rate is the best, and what would have told it.

#include <string>

#include "kilonat/study/generation_results.h"
#include "kilonat/study/results.h"

namespace kilonat::study {

/// How predictable the latents of a codec are: predictive rate, linear-predictive gain, effective
/// rank, spectral decay, shift equivariance; what was not measured is absent.
[[nodiscard]] Figures predictability_of(const Point& codec);

/// Fills results.correlations (each measure of predictability, the KL rate and the codec's own
/// reconstruction against each metric, over the points that are done) and results.best.
/// Nothing for fewer than three points, or rates.
void summarise(const std::string& metric, GenerationResults& results);

}  // namespace kilonat::study
