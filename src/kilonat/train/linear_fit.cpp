#include "kilonat/train/linear_fit.h"

#include <ATen/ATen.h>

namespace kilonat::train {

torch::Tensor AffineMap::of(const torch::Tensor& x_NI) const {
  return torch::matmul(x_NI, weight_OI.t()) + bias_O;
}

AffineMap least_squares(const torch::Tensor& x_NI,
                        const torch::Tensor& y_NO,
                        double relative_ridge) {
  const torch::Tensor x_mean = x_NI.mean(0);
  const torch::Tensor y_mean = y_NO.mean(0);
  const torch::Tensor centred = x_NI - x_mean;
  const torch::Tensor moments = torch::matmul(centred.t(), centred) / x_NI.size(0);
  const double ridge = relative_ridge * moments.diagonal().mean().item<double>();
  if (ridge == 0) {
    return {torch::zeros({y_NO.size(1), x_NI.size(1)}, torch::kDouble), y_mean};
  }
  const torch::Tensor cross = torch::matmul(centred.t(), y_NO - y_mean) / x_NI.size(0);
  const torch::Tensor weight_OI =
      at::linalg_solve(moments + ridge * torch::eye(moments.size(0), moments.options()), cross).t();
  return {weight_OI, y_mean - torch::mv(weight_OI, x_mean)};
}

}  // namespace kilonat::train
