#pragma once
/// Results of the Gaussian limit for the tests: white noise of variance 1, D = 2^(-2 R).

#include <cmath>

#include "kilonat/study/gaussian_limit_results.h"

namespace kilonat::study::testing {

/// A point at `bits` and `gap_db` above the curve, with a standard error of 0.01 dB.
inline LimitPoint made_limit_point(const std::string& id, double bits, double gap_db) {
  const double bits_per_db = 1 / (20 * std::log10(2.0));
  return {.id = id,
          .source = "gaussian-white",
          .target_bits = bits,
          .informative_bits = bits - 0.001,
          .gap = {.bits_per_sample = bits,
                  .squared_error = std::exp2(-2 * bits) * std::pow(10.0, gap_db / 10),
                  .gap_bits = gap_db * bits_per_db,
                  .gap_db = gap_db,
                  .gap_bits_error = 0.01 * bits_per_db,
                  .gap_db_error = 0.01},
          .clips = 32,
          .steps = 1500,
          .seed = 7,
          .config_hash = "0123456789abcdef"};
}

inline LimitResults made_limit() {
  return {.name = "A limit <of> tests",
          .created = "2026-01-02T03:04:05Z",
          .commands = {"kilonat study gaussian-limit x"},
          .versions = {{"kilonat", "0.1.0"}},
          .curves = {{.source = "gaussian-white",
                      .variance = 1,
                      .bits_per_sample = {0, 1, 2},
                      .squared_error = {1, 0.25, 0.0625}}},
          .points = {made_limit_point("above", 1, 0.5),
                     made_limit_point("at", 1.5, -0.02),
                     made_limit_point("below", 2, -0.04)},
          .missing = {"not-yet"}};
}

}  // namespace kilonat::study::testing
