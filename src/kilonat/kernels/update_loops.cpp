#include "kilonat/kernels/update_loops.h"

#include <cmath>

namespace kilonat::kernels {

// Memory is what limits these loops once the compiler has made vectors of them, whatever their
// width: hence one build of them, and for all CPU levels.

void adamw_loop(float* __restrict parameter,
                const float* __restrict gradient,
                float* __restrict first,
                float* __restrict second,
                std::int64_t size,
                const AdamWFactors& factors) {
  const AdamWFactors f = factors;
  for (std::int64_t i = 0; i < size; ++i) {
    const float g = gradient[i];
    const float m = f.beta1 * first[i] + f.one_less_1 * g;
    const float v = f.beta2 * second[i] + f.one_less_2 * (g * g);
    first[i] = m;
    second[i] = v;
    parameter[i] =
        f.keep * parameter[i] - f.step * (m / (f.root_factor * std::sqrt(v) + f.epsilon));
  }
}

void move_towards_loop(float* __restrict average,
                       const float* __restrict value,
                       std::int64_t size,
                       float weight) {
  if (weight < 0.5F) {
    for (std::int64_t i = 0; i < size; ++i) average[i] += weight * (value[i] - average[i]);
  } else {
    const float rest = 1 - weight;
    for (std::int64_t i = 0; i < size; ++i) average[i] = value[i] - rest * (value[i] - average[i]);
  }
}

double sum_of_squares_loop(const float* x, std::int64_t size) {
  constexpr std::int64_t kLanes = 8;
  double sums[kLanes] = {};
  const std::int64_t whole = size / kLanes * kLanes;
  for (std::int64_t i = 0; i < whole; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const auto value = static_cast<double>(x[i + lane]);
      sums[lane] += value * value;
    }
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  for (std::int64_t i = whole; i < size; ++i) {
    total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  }
  return total;
}

}  // namespace kilonat::kernels
