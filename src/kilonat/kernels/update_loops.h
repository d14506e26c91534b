#pragma once
/// The loops of update.h over plain arrays. No torch.

#include <cstdint>

namespace kilonat::kernels {

/// One AdamW update, as numbers that are the same for all parameters.
struct AdamWFactors {
  float keep = 1;         ///< of the parameter: 1 - learning rate x weight decay
  float beta1 = 0;        ///< of the first moment
  float one_less_1 = 1;   ///< 1 - beta1, of the gradient
  float beta2 = 0;        ///< of the second moment
  float one_less_2 = 1;   ///< 1 - beta2, of the gradient's square
  float root_factor = 1;  ///< of the second moment's root: 1 / sqrt(1 - beta2^n)
  float epsilon = 0;      ///< added to the root
  float step = 0;         ///< learning rate / (1 - beta1^n)
};

/// parameter = keep x parameter - step x first / (root_factor sqrt(second) + epsilon), after the
/// moments have moved towards the gradient and its square.
void adamw_loop(float* parameter,
                const float* gradient,
                float* first,
                float* second,
                std::int64_t size,
                const AdamWFactors& factors);

/// average += weight (value - average); exactly `value` for weight 1.
void move_towards_loop(float* average, const float* value, std::int64_t size, float weight);

/// In double, in an order that depends on `size` alone.
[[nodiscard]] double sum_of_squares_loop(const float* x, std::int64_t size);

}  // namespace kilonat::kernels
