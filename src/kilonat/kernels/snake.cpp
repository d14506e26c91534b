#include "kilonat/kernels/snake.h"

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::kernels {

namespace {

constexpr double kEpsilon = 1e-9;

void check(const at::Tensor& x_BCT, const at::Tensor& parameter) {
  KILONAT_REQUIRE(x_BCT.dim() == 3 && parameter.numel() == x_BCT.size(1),
                  ShapeError,
                  "snake: input {} with {} parameters, expected [B, C, T] and one per channel",
                  tensor::shape_text(x_BCT.sizes()),
                  parameter.numel());
}

at::Tensor formula(const at::Tensor& x_BCT, const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor a_1C1 = a.reshape({1, -1, 1});
  const at::Tensor b_1C1 = b.reshape({1, -1, 1});
  return x_BCT + (b_1C1 + kEpsilon).reciprocal() * (a_1C1 * x_BCT).sin().square();
}

}  // namespace

at::Tensor snake_reference(const at::Tensor& x_BCT, const at::Tensor& alpha) {
  check(x_BCT, alpha);
  return formula(x_BCT, alpha, alpha);
}

at::Tensor snake_beta_reference(const at::Tensor& x_BCT,
                                const at::Tensor& log_alpha,
                                const at::Tensor& log_beta) {
  check(x_BCT, log_alpha);
  check(x_BCT, log_beta);
  return formula(x_BCT, log_alpha.exp(), log_beta.exp());
}

at::Tensor snake(const at::Tensor& x_BCT, const at::Tensor& alpha) {
  return snake_reference(x_BCT, alpha);
}

at::Tensor snake_beta(const at::Tensor& x_BCT,
                      const at::Tensor& log_alpha,
                      const at::Tensor& log_beta) {
  return snake_beta_reference(x_BCT, log_alpha, log_beta);
}

}  // namespace kilonat::kernels
