#include "kilonat/diffusion/flow.h"

#include <cmath>
#include <numbers>

#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::diffusion {

namespace {

/// Keeps logits of quantiles finite in float32.
constexpr double kEdge = 1e-6;

at::Tensor frames_or_all(const at::Tensor& frame_mask_BF, const at::Tensor& x_BCF) {
  if (frame_mask_BF.defined()) return frame_mask_BF;
  return torch::ones({x_BCF.size(0), x_BCF.size(2)}, x_BCF.options().dtype(at::kBool));
}

/// Mean over t in [begin, end] of s^2 / (alpha^2 s^2 + sigma^2), s = `stddev` > 0.
///
/// rectified_flow: s atan((t - (1 - t) s^2) / s) is an antiderivative, since the denominator is a
/// quadratic in t of discriminant -4 s^2; v: (2 s / pi) atan(tan(pi t / 2) / s).
double mean_variance(Objective objective, double stddev, double begin, double end) {
  const auto antiderivative = [&](double t) {
    if (objective == Objective::kRectifiedFlow) {
      return stddev * std::atan((t - (1 - t) * stddev * stddev) / stddev);
    }
    const Mix mix = mix_at(objective, t);
    return stddev * std::atan2(mix.sigma, stddev * mix.alpha) * 2 / std::numbers::pi;
  };
  return (antiderivative(end) - antiderivative(begin)) / (end - begin);
}

double mean_zero_point(Objective objective, const at::Tensor& stddev_C, double begin, double end) {
  double sum = 0;
  for (std::int64_t c = 0; c < stddev_C.size(0); ++c) {
    const auto stddev = stddev_C[c].item<double>();
    if (stddev > 0) sum += mean_variance(objective, stddev, begin, end);
  }
  return sum / static_cast<double>(stddev_C.size(0));
}

}  // namespace

void describe(config::Schema& schema, FlowOptions& options) {
  schema
      .field("objective",
             options.objective,
             objective_names(),
             {.doc = "what the network gives: noise - latent on a straight path, or v on a circle"})
      .field("times",
             options.times,
             {.doc = "distribution of training times, 0 the latent and 1 noise",
              .choices = {"logit_normal", "uniform"}})
      .field("logit_mean",
             options.logit_mean,
             {.doc = "logit_normal: mean of ln(t / (1 - t))", .min = -10, .max = 10})
      .field(
          "logit_stddev",
          options.logit_stddev,
          {.doc = "logit_normal: standard deviation of ln(t / (1 - t))", .min = 0.01, .max = 10});
}

at::Tensor uniform_times(std::int64_t batch, at::Generator generator) {
  const at::Tensor row_B = torch::randperm(batch, generator, torch::kLong).to(torch::kFloat32);
  const at::Tensor within_B = torch::rand({batch}, generator, torch::kFloat32);
  return ((row_B + within_B) / static_cast<double>(batch)).clamp(kEdge, 1 - kEdge);
}

at::Tensor draw_times(const FlowOptions& options, std::int64_t batch, at::Generator generator) {
  const at::Tensor quantile_B = uniform_times(batch, std::move(generator));
  if (options.times == "uniform") return quantile_B;
  // The normal's quantiles: sqrt(2) erfinv(2 q - 1).
  const at::Tensor normal_B = at::erfinv(2 * quantile_B - 1) * std::numbers::sqrt2;
  return at::sigmoid(normal_B * options.logit_stddev + options.logit_mean);
}

FlowExample make_example(Objective objective,
                         const at::Tensor& x_BCF,
                         const at::Tensor& noise_BCF,
                         const at::Tensor& t_B) {
  return {noised(objective, x_BCF, noise_BCF, t_B), target(objective, x_BCF, noise_BCF, t_B)};
}

at::Tensor flow_loss(const at::Tensor& velocity_BCF,
                     const at::Tensor& target_BCF,
                     const at::Tensor& frame_mask_BF) {
  const at::Tensor error_BCF = velocity_BCF - target_BCF;
  if (!frame_mask_BF.defined()) return error_BCF.square().mean();
  const at::Tensor valid_BCF = error_BCF.masked_fill(frame_mask_BF.logical_not().unsqueeze(1), 0);
  const at::Tensor num_values = frame_mask_BF.sum().clamp_min(1) * error_BCF.size(1);
  return valid_BCF.square().sum() / num_values;
}

double zero_point(Objective objective, double mean_stddev) {
  return objective == Objective::kRectifiedFlow ? std::numbers::pi / 2 * mean_stddev : mean_stddev;
}

FlowScoreMeter::FlowScoreMeter(Objective objective, std::int64_t num_channels)
    : objective_(objective), squares_C_(torch::zeros({num_channels}, torch::kFloat64)) {}

void FlowScoreMeter::add(const at::Tensor& x_BCF,
                         const at::Tensor& noise_BCF,
                         const at::Tensor& t_B,
                         const at::Tensor& velocity_BCF,
                         const at::Tensor& frame_mask_BF) {
  const torch::NoGradGuard no_grad;
  tensor::expect_shape(x_BCF, "latent", {tensor::kAny, squares_C_.size(0), tensor::kAny});
  const at::Tensor mask_BF = frames_or_all(frame_mask_BF, x_BCF);
  const at::Tensor padding_B1F = mask_BF.logical_not().unsqueeze(1);
  const at::Tensor error_BCF = velocity_BCF - target(objective_, x_BCF, noise_BCF, t_B);
  const at::Tensor error_B = error_BCF.masked_fill(padding_B1F, 0)
                                 .square()
                                 .sum(at::IntArrayRef({1, 2}), false, torch::kFloat64)
                                 .cpu();
  const at::Tensor frames_B = mask_BF.sum(1).cpu();
  const at::Tensor bin_B = (t_B.cpu() * static_cast<double>(FlowScore::kNumBins)).to(torch::kLong);
  for (std::int64_t b = 0; b < x_BCF.size(0); ++b) {
    const auto error = error_B[b].item<double>();
    KILONAT_REQUIRE(std::isfinite(error),
                    NumericError,
                    "measuring the flow score: the loss of row {} is {}",
                    b,
                    error);
    const auto bin =
        std::min(static_cast<std::size_t>(bin_B[b].item<std::int64_t>()), FlowScore::kNumBins - 1);
    squared_errors_[bin] += error;
    frames_by_time_[bin] += frames_B[b].item<std::int64_t>();
  }
  squares_C_ += x_BCF.masked_fill(padding_B1F, 0)
                    .square()
                    .sum(at::IntArrayRef({0, 2}), false, torch::kFloat64)
                    .cpu();
  num_frames_ += mask_BF.sum().item<std::int64_t>();
}

FlowScore FlowScoreMeter::score() const {
  KILONAT_REQUIRE(num_frames_ > 0, DataError, "measuring the flow score: no frame was given");
  const at::Tensor stddev_C = (squares_C_ / static_cast<double>(num_frames_)).sqrt();
  const auto num_channels = static_cast<double>(squares_C_.size(0));
  FlowScore score{.num_frames = num_frames_,
                  .zero_point = zero_point(objective_, stddev_C.mean().item<double>())};
  double squared_error = 0;
  for (std::size_t i = 0; i < FlowScore::kNumBins; ++i) {
    squared_error += squared_errors_[i];
    if (frames_by_time_[i] == 0) continue;
    constexpr auto kBins = static_cast<double>(FlowScore::kNumBins);
    const double begin = static_cast<double>(i) / kBins;
    const double zero = mean_zero_point(objective_, stddev_C, begin, begin + 1 / kBins);
    const double loss =
        squared_errors_[i] / (num_channels * static_cast<double>(frames_by_time_[i]));
    score.normalised_by_time[i] = 1 - loss / zero;
  }
  score.loss = squared_error / (num_channels * static_cast<double>(num_frames_));
  score.normalised = 1 - score.loss / score.zero_point;
  return score;
}

}  // namespace kilonat::diffusion
