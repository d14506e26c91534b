#include "kilonat/loss/waveform_loss.h"

#include <cmath>
#include <numbers>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"

namespace kilonat::loss {

namespace {

constexpr double kEps = 1e-8;

void expect_same_shape(const at::Tensor& estimate, const at::Tensor& reference) {
  KILONAT_REQUIRE(estimate.sizes() == reference.sizes() && estimate.dim() == 3,
                  ShapeError,
                  "waveform distance: expected estimate and reference of one shape [B, C, T]");
}

}  // namespace

at::Tensor waveform_l1(const at::Tensor& estimate_BCT, const at::Tensor& reference_BCT) {
  expect_same_shape(estimate_BCT, reference_BCT);
  return (estimate_BCT - reference_BCT).abs().mean();
}

at::Tensor squared_error(const at::Tensor& estimate_BCT, const at::Tensor& reference_BCT) {
  expect_same_shape(estimate_BCT, reference_BCT);
  return (estimate_BCT - reference_BCT).square().mean();
}

at::Tensor si_sdr_db(const at::Tensor& estimate_BCT, const at::Tensor& reference_BCT) {
  expect_same_shape(estimate_BCT, reference_BCT);
  at::Tensor estimate = estimate_BCT.flatten(1);
  at::Tensor reference = reference_BCT.flatten(1);
  estimate = estimate - estimate.mean(-1, true);
  reference = reference - reference.mean(-1, true);
  const at::Tensor energy = reference.square().sum(-1, true) + kEps;
  const at::Tensor scale = ((estimate * reference).sum(-1, true) + kEps) / energy;
  const at::Tensor target = scale * reference;
  const at::Tensor residual = estimate - target;
  const at::Tensor ratio = target.square().sum(-1) / residual.square().sum(-1);
  return (ratio + kEps).log() * (10.0 / std::numbers::ln10);
}

}  // namespace kilonat::loss
