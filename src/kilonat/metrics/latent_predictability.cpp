#include "kilonat/metrics/latent_predictability.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::metrics {
namespace {

constexpr std::array<std::int64_t, 5> kOrders = {0, 1, 2, 4, 8};
constexpr double kLeastVariance = 1e-9;  // added to a residual, relative to unit variance

double log_determinant(const at::Tensor& covariance_DD) {
  const at::Tensor factor = at::linalg_cholesky(covariance_DD);
  return 2 * factor.diagonal().log().sum().item<double>();
}

/// Rows and columns of the regressors (z_{t-1}, .., z_{t-order}, 1) among a window's.
at::Tensor regressor_indices(const LatentMoments& moments, std::int64_t order) {
  const std::int64_t width = moments.latent_channels();
  const at::Tensor context = at::arange(width, (order + 1) * width, at::kLong);
  const at::Tensor one = at::full({1}, (moments.context_frames() + 1) * width, at::kLong);
  return at::cat({context, one});
}

void require_frames(const LatentMoments& moments) {
  KILONAT_REQUIRE(moments.num_frames() > 0,
                  DataError,
                  "predictability of latents: no clip is longer than {} frames",
                  moments.context_frames());
}

}  // namespace

LatentMoments::LatentMoments(std::int64_t latent_channels, std::int64_t context_frames)
    : latent_channels_(latent_channels),
      context_frames_(context_frames),
      sum_WW_(at::zeros(
          {(context_frames + 1) * latent_channels + 1, (context_frames + 1) * latent_channels + 1},
          at::kDouble)),
      sum_of_means_D_(at::zeros({latent_channels}, at::kDouble)),
      sum_of_means_DD_(at::zeros({latent_channels, latent_channels}, at::kDouble)) {}

void LatentMoments::add(const at::Tensor& mean_DF, const at::Tensor& stddev_DF) {
  tensor::expect_shape(mean_DF, "means of a latent", {latent_channels_, tensor::kAny});
  tensor::expect_shape(stddev_DF, "spreads of a latent", {latent_channels_, mean_DF.size(1)});
  const std::int64_t count = mean_DF.size(1) - context_frames_;
  if (count <= 0) return;
  const at::Tensor mean = mean_DF.detach().to(at::kCPU, at::kDouble);
  const at::Tensor stddev = stddev_DF.detach().to(at::kCPU, at::kDouble);
  std::vector<at::Tensor> windows;
  std::vector<at::Tensor> variances;
  for (std::int64_t lag = 0; lag <= context_frames_; ++lag) {
    windows.push_back(mean.narrow(1, context_frames_ - lag, count));
    variances.push_back(stddev.narrow(1, context_frames_ - lag, count).square().sum(1));
  }
  windows.push_back(at::ones({1, count}, at::kDouble));
  variances.push_back(at::zeros({1}, at::kDouble));
  const at::Tensor window_WF = at::cat(windows);
  sum_WW_ += at::matmul(window_WF, window_WF.t()) + at::diag(at::cat(variances));
  sum_of_means_D_ += windows[0].sum(1);
  sum_of_means_DD_ += at::matmul(windows[0], windows[0].t());
  sum_log_stddev_ += stddev.narrow(1, context_frames_, count).log().sum().item<double>();
  num_frames_ += count;
}

at::Tensor LatentMoments::second_moments() const {
  return sum_WW_ / static_cast<double>(num_frames_);
}

double LatentMoments::mean_log_stddev() const {
  return sum_log_stddev_ / static_cast<double>(num_frames_);
}

at::Tensor LatentMoments::covariance_of_means() const {
  const auto count = static_cast<double>(num_frames_);
  const at::Tensor mean_D = sum_of_means_D_ / count;
  return sum_of_means_DD_ / count - at::outer(mean_D, mean_D);
}

LinearPrior fit_linear_prior(const LatentMoments& fit, std::int64_t order, double ridge) {
  require_frames(fit);
  const std::int64_t width = fit.latent_channels();
  const at::Tensor moments = fit.second_moments();
  const at::Tensor indices = regressor_indices(fit, order);
  const at::Tensor frame_DD = moments.slice(0, 0, width).slice(1, 0, width);
  const at::Tensor cross_DR = moments.slice(0, 0, width).index_select(1, indices);
  const at::Tensor regressors_RR = moments.index_select(0, indices).index_select(1, indices);
  at::Tensor penalty_R = at::full(
      {indices.numel()}, ridge * regressors_RR.diagonal().mean().item<double>(), at::kDouble);
  penalty_R[-1] = 0;  // the mean is not shrunk
  LinearPrior prior;
  prior.order = order;
  prior.weights =
      at::linalg_solve(regressors_RR + at::diag(penalty_R), cross_DR.t().contiguous()).t();
  const at::Tensor explained = at::matmul(prior.weights, cross_DR.t());
  prior.residual_DD = frame_DD - explained - explained.t() +
                      at::matmul(at::matmul(prior.weights, regressors_RR), prior.weights.t()) +
                      kLeastVariance * at::eye(width, at::kDouble);
  return prior;
}

double nats_under(const LinearPrior& prior, const LatentMoments& held_out) {
  require_frames(held_out);
  const std::int64_t width = held_out.latent_channels();
  const at::Tensor moments = held_out.second_moments();
  const at::Tensor indices = regressor_indices(held_out, prior.order);
  const at::Tensor frame_DD = moments.slice(0, 0, width).slice(1, 0, width);
  const at::Tensor explained =
      at::matmul(prior.weights, moments.slice(0, 0, width).index_select(1, indices).t());
  const at::Tensor regressors_RR = moments.index_select(0, indices).index_select(1, indices);
  const at::Tensor error_DD =
      frame_DD - explained - explained.t() +
      at::matmul(at::matmul(prior.weights, regressors_RR), prior.weights.t());
  const double mahalanobis =
      at::linalg_solve(prior.residual_DD, error_DD).diagonal().sum().item<double>();
  // E[ln q - ln p]: the ln 2 pi of both cancel, and E[ln q] = -sum(ln stddev) - D / 2.
  return 0.5 * (log_determinant(prior.residual_DD) + mahalanobis - static_cast<double>(width)) -
         held_out.mean_log_stddev();
}

double nats_under_standard_normal(const LatentMoments& held_out) {
  require_frames(held_out);
  const std::int64_t width = held_out.latent_channels();
  const double second =
      held_out.second_moments().diagonal().slice(0, 0, width).sum().item<double>();
  return 0.5 * (second - static_cast<double>(width)) - held_out.mean_log_stddev();
}

Predictability measure_predictability(const LatentMoments& fit,
                                      const LatentMoments& validation,
                                      const LatentMoments& held_out,
                                      double ridge) {
  Predictability result;
  result.nats_per_frame = nats_under_standard_normal(held_out);
  double least = std::numeric_limits<double>::infinity();
  for (const std::int64_t order : kOrders) {
    if (order > fit.context_frames()) break;
    const LinearPrior prior = fit_linear_prior(fit, order, ridge);
    result.costs.push_back({order, nats_under(prior, held_out)});
    if (const double cost = nats_under(prior, validation); cost < least) {
      least = cost;
      result.order = order;
      result.predictive_nats_per_frame = result.costs.back().nats_per_frame;
    }
  }
  result.linear_predictive_gain_nats =
      result.costs.front().nats_per_frame - result.predictive_nats_per_frame;
  const at::Tensor eigenvalues =
      std::get<0>(at::linalg_eigh(held_out.covariance_of_means(), "L")).clamp_min(0);
  const at::Tensor shares = eigenvalues / eigenvalues.sum();
  result.effective_rank = std::exp(-at::xlogy(shares, shares).sum().item<double>());
  result.participation_ratio = 1 / shares.square().sum().item<double>();
  return result;
}

SpectralDecayMeter::SpectralDecayMeter(std::int64_t latent_channels, std::int64_t window_frames)
    : window_frames_(window_frames),
      power_DK_(at::zeros({latent_channels, window_frames / 2 + 1}, at::kDouble)) {}

void SpectralDecayMeter::add(const at::Tensor& mean_DF) {
  if (mean_DF.size(1) < window_frames_) return;
  const at::Tensor windows_DNW =
      mean_DF.detach().to(at::kCPU, at::kDouble).unfold(1, window_frames_, window_frames_ / 2);
  const at::Tensor centred = windows_DNW - windows_DNW.mean(-1, /*keepdim=*/true);
  const at::Tensor hann = at::hann_window(window_frames_, at::kDouble);
  power_DK_ += at::fft_rfft(centred * hann).abs().square().sum(1);
  num_windows_ += windows_DNW.size(1);
}

std::optional<SpectralDecay> SpectralDecayMeter::decay() const {
  if (num_windows_ == 0) return {};
  // Without the mean and what the Hann window smears of it.
  const at::Tensor power = power_DK_.slice(1, 2, window_frames_ / 2);
  const at::Tensor normalised =
      power / power.sum(1, /*keepdim=*/true).clamp_min(std::numeric_limits<double>::min());
  const at::Tensor log_frequency = at::arange(2, window_frames_ / 2, at::kDouble).log();
  const at::Tensor x = log_frequency - log_frequency.mean();
  const at::Tensor y = normalised.clamp_min(1e-12).log();
  SpectralDecay result;
  result.slope = (at::matmul(y, x) / x.square().sum()).mean().item<double>();
  result.high_share = normalised.slice(1, window_frames_ / 4 - 2).sum(1).mean().item<double>();
  return result;
}

}  // namespace kilonat::metrics
