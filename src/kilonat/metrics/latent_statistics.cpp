#include "kilonat/metrics/latent_statistics.h"

#include <cmath>
#include <utility>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"
#include "kilonat/rate/units.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::metrics {
namespace {

/// Below this a channel's aggregate variance is a rounding error.
constexpr double kMinVariance = 1e-12;

/// Sums over frames, float64 [D].
at::Tensor sum_over_frames(const at::Tensor& x_BDF) {
  return x_BDF.sum(at::IntArrayRef{0, 2});
}

/// Mean over frames of KL(N(mean, stddev^2) || prior) per channel, from the sums of a clip: the KL
/// is linear in mean^2, mean, stddev^2 and ln stddev^2.
template <class Sums>
at::Tensor mean_kl_D(const Sums& sums, const at::Tensor& prior_mean, const at::Tensor& prior_var) {
  const auto count = static_cast<double>(sums.num_frames);
  const at::Tensor squares =
      sums.mean_squared - 2 * prior_mean * sums.mean + count * prior_mean.square() + sums.variance;
  return 0.5 * (squares / prior_var / count - 1 - sums.log_variance / count + prior_var.log());
}

std::vector<double> to_vector(const at::Tensor& values_D) {
  const at::Tensor values = values_D.contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

}  // namespace

at::Tensor informative_nats(const at::Tensor& nats_D, const StaticGaussian& aggregate) {
  tensor::expect_shape(aggregate.mean_D, "static Gaussian", {nats_D.size(0)});
  tensor::expect_shape(aggregate.variance_D, "static Gaussian", {nats_D.size(0)});
  const at::Tensor second_D = aggregate.mean_D.square() + aggregate.variance_D;
  return nats_D - 0.5 * (second_D - 1 - aggregate.variance_D.log());
}

LatentStatistics::LatentStatistics(std::int64_t latent_channels,
                                   double frame_rate_hz,
                                   std::int64_t edge_frames)
    : latent_channels_(latent_channels), frame_rate_hz_(frame_rate_hz), edge_frames_(edge_frames) {}

void LatentStatistics::add(const std::string& clip, const codec::Posterior& posterior) {
  tensor::expect_shape(posterior.mean_BDF, "posterior mean", {1, latent_channels_, tensor::kAny});
  const std::int64_t num_frames = posterior.mean_BDF.size(2);
  tensor::expect_shape(posterior.stddev_BDF, "posterior stddev", {1, latent_channels_, num_frames});
  const std::int64_t inner = num_frames - 2 * edge_frames_;
  const std::int64_t first = inner > 0 ? edge_frames_ : 0;
  const std::int64_t count = inner > 0 ? inner : num_frames;
  const auto cut = [&](const at::Tensor& x) {
    return x.detach().narrow(2, first, count).to(at::kCPU, at::kDouble);
  };
  const at::Tensor mean = cut(posterior.mean_BDF);
  const at::Tensor variance = cut(posterior.stddev_BDF).square();
  ClipSums sums{clip,
                count,
                sum_over_frames(mean),
                sum_over_frames(mean.square()),
                sum_over_frames(variance),
                sum_over_frames(variance.log())};
  const at::Tensor check = sums.mean_squared + sums.variance + sums.log_variance;
  KILONAT_REQUIRE(at::isfinite(check).all().item<bool>(),
                  NumericError,
                  "latent of '{}': NaN or infinity",
                  clip);
  clips_.push_back(std::move(sums));
}

LatentStatistics::ClipSums LatentStatistics::total() const {
  const at::Tensor zeros = at::zeros({latent_channels_}, at::kDouble);
  ClipSums sum{"", 0, zeros.clone(), zeros.clone(), zeros.clone(), zeros.clone()};
  for (const ClipSums& clip : clips_) {
    sum.num_frames += clip.num_frames;
    sum.mean += clip.mean;
    sum.mean_squared += clip.mean_squared;
    sum.variance += clip.variance;
    sum.log_variance += clip.log_variance;
  }
  return sum;
}

LatentReport LatentStatistics::report(const std::optional<StaticGaussian>& static_gaussian) const {
  KILONAT_REQUIRE(!clips_.empty(), DataError, "latent statistics: no clip was added");
  const ClipSums sum = total();
  const auto count = static_cast<double>(sum.num_frames);
  const at::Tensor zero = at::zeros({latent_channels_}, at::kDouble);
  const at::Tensor one = at::ones({latent_channels_}, at::kDouble);

  LatentReport report;
  report.num_frames = sum.num_frames;
  report.frame_rate_hz = frame_rate_hz_;
  report.aggregate.mean_D = sum.mean / count;
  report.aggregate.variance_D =
      ((sum.mean_squared + sum.variance) / count - report.aggregate.mean_D.square())
          .clamp_min(kMinVariance);
  const StaticGaussian& prior = static_gaussian ? *static_gaussian : report.aggregate;
  tensor::expect_shape(prior.mean_D, "static Gaussian", {latent_channels_});

  report.nats_per_channel = to_vector(mean_kl_D(sum, zero, one));
  report.informative_nats_per_channel = to_vector(mean_kl_D(sum, prior.mean_D, prior.variance_D));
  for (std::size_t d = 0; d < report.nats_per_channel.size(); ++d) {
    report.nats_per_frame += report.nats_per_channel[d];
    report.informative_nats_per_frame += report.informative_nats_per_channel[d];
    if (report.informative_nats_per_channel[d] > kActiveNats) ++report.active_channels;
  }
  report.rate_kbps = rate::kbps_from_nats(report.nats_per_frame, frame_rate_hz_);
  report.informative_kbps = rate::kbps_from_nats(report.informative_nats_per_frame, frame_rate_hz_);

  double squared_deviations = 0;
  for (const ClipSums& clip : clips_) {
    ClipRate rate{.clip = clip.clip,
                  .seconds = static_cast<double>(clip.num_frames) / frame_rate_hz_};
    rate.nats_per_frame = mean_kl_D(clip, zero, one).sum().item<double>();
    rate.rate_kbps = rate::kbps_from_nats(rate.nats_per_frame, frame_rate_hz_);
    rate.informative_kbps = rate::kbps_from_nats(
        mean_kl_D(clip, prior.mean_D, prior.variance_D).sum().item<double>(), frame_rate_hz_);
    const double deviation = rate.rate_kbps - report.rate_kbps;
    squared_deviations += deviation * deviation * static_cast<double>(clip.num_frames);
    report.clips.push_back(std::move(rate));
  }
  report.rate_spread_kbps = std::sqrt(squared_deviations / count);
  return report;
}

}  // namespace kilonat::metrics
