#include "kilonat/diffusion/flow.h"

#include <cmath>
#include <numbers>

#include "diffusion/small_transformer.h"
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::diffusion {
namespace {

constexpr Objective kBoth[] = {Objective::kRectifiedFlow, Objective::kV};

at::Tensor normal_double(at::IntArrayRef shape, std::uint64_t seed) {
  return torch::randn(shape, tensor::make_generator(seed), torch::kDouble);
}

TEST(Objective, TargetsAreTheDerivativesOfThePath) {
  const at::Tensor x = normal_double({1, 2, 3}, 1);
  const at::Tensor noise = normal_double({1, 2, 3}, 2);
  for (const Objective objective : kBoth) {
    const double unit = objective == Objective::kV ? std::numbers::pi / 2 : 1;  // d angle / dt
    for (const double t : {0.1, 0.5, 0.8}) {
      constexpr double kStep = 1e-4;
      const auto at_time = [&](double time) {
        return noised(objective, x, noise, torch::full({1}, time, torch::kDouble));
      };
      const at::Tensor slope = (at_time(t + kStep) - at_time(t - kStep)) / (2 * kStep * unit);
      const at::Tensor wanted = target(objective, x, noise, torch::full({1}, t, torch::kDouble));
      EXPECT_LT(largest_difference(slope, wanted), 1e-7);  // kStep^2 x_t''' / 6
    }
  }
}

TEST(Objective, TheTrueVelocityPointsToTheLatent) {
  const at::Tensor x = normal_double({1, 2, 3}, 1);
  const at::Tensor noise = normal_double({1, 2, 3}, 2);
  for (const Objective objective : kBoth) {
    const at::Tensor t_B = torch::full({1}, 0.7, torch::kDouble);
    const FlowExample example = make_example(objective, x, noise, t_B);
    EXPECT_LT(largest_difference(denoised(objective, example.x_t_BCF, example.target_BCF, 0.7), x),
              1e-12);
  }
}

TEST(Objective, NoLinearAnswerBeatsTheGaussianVelocityOnWhiteLatents) {
  // The regression of target on x_t, from 400 000 draws: its slope has error sqrt(Var / n) < 0.004.
  const at::Tensor x = normal_double({2, 1, 200000}, 1);
  const at::Tensor noise = normal_double({2, 1, 200000}, 2);
  for (const Objective objective : kBoth) {
    const at::Tensor t_B = torch::tensor({0.2, 0.9}, torch::kDouble);
    const FlowExample example = make_example(objective, x, noise, t_B);
    const at::Tensor slope_B11 = (example.target_BCF * example.x_t_BCF).mean(2, true) /
                                 example.x_t_BCF.square().mean(2, true);
    const at::Tensor rest_BCF = example.target_BCF - slope_B11 * example.x_t_BCF;
    const GaussianVelocity gaussian = gaussian_velocity(objective, t_B);
    EXPECT_LT(largest_difference(slope_B11, gaussian.skip_B11), 0.015);
    EXPECT_LT(largest_difference(rest_BCF.square().mean(2, true).sqrt(), gaussian.scale_B11),
              0.015);
  }
}

TEST(Times, AreLogitNormalWithOneInEachQuantile) {
  const FlowOptions options{.logit_mean = 0.5, .logit_stddev = 0.8};
  const at::Tensor t_B = draw_times(options, 1000, tensor::make_generator(1));
  const at::Tensor normal_B = (torch::logit(t_B.to(torch::kDouble)) - 0.5) / 0.8;
  const at::Tensor quantile_B = 0.5 * (1 + torch::erf(normal_B / std::numbers::sqrt2));
  const at::Tensor sorted_B = std::get<0>((quantile_B * 1000).sort());
  // The i-th lies in [i, i + 1), up to the rounding of float32 quantiles.
  EXPECT_GT((sorted_B - torch::arange(1000)).min().item<double>(), -0.01);
  EXPECT_LT((sorted_B - torch::arange(1000)).max().item<double>(), 1.01);
  EXPECT_FALSE(t_B.equal(std::get<0>(t_B.sort())));
}

TEST(Times, StayInsideWhateverIsDrawn) {
  const FlowOptions wide{.logit_stddev = 3};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const at::Tensor t_B = draw_times(wide, 64, tensor::make_generator(seed));
    EXPECT_GT(t_B.min().item<double>(), 0);
    EXPECT_LT(t_B.max().item<double>(), 1);
  }
}

TEST(FlowLoss, IsTheMeanOverValidFrames) {
  const at::Tensor velocity = torch::zeros({2, 3, 4});
  at::Tensor wanted = torch::ones({2, 3, 4});
  wanted[1] = 3;
  const at::Tensor mask = torch::arange(4).unsqueeze(0) < torch::tensor({3, 1}).unsqueeze(1);
  EXPECT_NEAR(flow_loss(velocity, wanted, mask).item<double>(), (3 * 1 + 1 * 9) / 4.0, 1e-6);
  EXPECT_NEAR(flow_loss(velocity, wanted, {}).item<double>(), (1 + 9) / 2.0, 1e-6);
}

/// What can be said at best of N(0, s^2) latents: E[target | x_t].
at::Tensor best_velocity(Objective objective,
                         const at::Tensor& x_t_BCF,
                         const at::Tensor& t_B,
                         const at::Tensor& stddev_1C1) {
  const BatchMix mix = mix_at(objective, t_B);
  const at::Tensor variance = stddev_1C1.square();
  const at::Tensor total = mix.alpha_B11.square() * variance + mix.sigma_B11.square();
  const at::Tensor covariance = objective == Objective::kV
                                    ? mix.alpha_B11 * mix.sigma_B11 * (1 - variance)
                                    : mix.sigma_B11 - mix.alpha_B11 * variance;
  return covariance / total * x_t_BCF;
}

/// The score of best_velocity on white latents of spreads 0.3 and 1.2; a third of each row padding.
FlowScore score_of_the_best(Objective objective) {
  const at::Tensor stddev_1C1 = torch::tensor({0.3F, 1.2F}).view({1, 2, 1});
  FlowScoreMeter meter(objective, 2);
  for (std::uint64_t i = 0; i < 4; ++i) {
    const at::Tensor x = random_normal({100, 2, 150}, 10 * i) * stddev_1C1;
    const at::Tensor noise = random_normal({100, 2, 150}, 10 * i + 1);
    const at::Tensor t_B = uniform_times(100, tensor::make_generator(10 * i + 2));
    const at::Tensor x_t = noised(objective, x, noise, t_B);
    const at::Tensor mask = (torch::arange(150) < 100).expand({100, 150});
    meter.add(x, noise, t_B, best_velocity(objective, x_t, t_B, stddev_1C1), mask);
  }
  return meter.score();
}

TEST(FlowScore, IsZeroForAnAnswerThatKnowsTheSpreadAlone) {
  for (const Objective objective : kBoth) {
    const FlowScore score = score_of_the_best(objective);
    EXPECT_EQ(score.num_frames, 40000);
    // 80 000 squares of normal values, some count a few times the others: relative error of the
    // mean about sqrt(2 x 2 / 80 000) = 0.7 %; four of those. A bin has a fifth of them.
    EXPECT_NEAR(score.normalised, 0, 0.03);
    for (const double by_time : score.normalised_by_time) EXPECT_NEAR(by_time, 0, 0.065);
  }
}

TEST(FlowScore, HasTheZeroPointOfTheClosedForm) {
  // (pi / 2) (0.3 + 1.2) / 2, and without pi / 2; spreads are measured, to 1 / sqrt(80 000).
  EXPECT_NEAR(score_of_the_best(Objective::kRectifiedFlow).zero_point, 1.1781, 0.006);
  EXPECT_NEAR(score_of_the_best(Objective::kV).zero_point, 0.75, 0.004);
  // Integrals of s^2 / (alpha^2 s^2 + sigma^2) by the midpoint rule.
  for (const Objective objective : kBoth) {
    double sum = 0;
    for (int i = 0; i < 10000; ++i) {
      const Mix mix = mix_at(objective, (i + 0.5) / 10000);
      sum += 0.16 / (mix.alpha * mix.alpha * 0.16 + mix.sigma * mix.sigma) / 10000;
    }
    EXPECT_NEAR(zero_point(objective, 0.4), sum, 1e-6);
  }
}

TEST(FlowScore, IsOneForTheTruthAndNegativeForNonsense) {
  const at::Tensor x = random_normal({20, 2, 50}, 1);
  const at::Tensor noise = random_normal({20, 2, 50}, 2);
  const at::Tensor t_B = uniform_times(20, tensor::make_generator(3));
  const Objective objective = Objective::kRectifiedFlow;
  FlowScoreMeter truth(objective, 2);
  truth.add(x, noise, t_B, target(objective, x, noise, t_B), {});
  EXPECT_EQ(truth.score().normalised, 1);
  FlowScoreMeter nonsense(objective, 2);
  nonsense.add(x, noise, t_B, x, {});  // the wrong sign: (noise - 2 x)^2 = 5, against 1.57
  EXPECT_LT(nonsense.score().normalised, -2);
}

TEST(FlowScore, RefusesNothingAndNaN) {
  FlowScoreMeter meter(Objective::kRectifiedFlow, 2);
  EXPECT_THROW((void)meter.score(), DataError);
  const at::Tensor x = torch::zeros({1, 2, 3});
  EXPECT_THROW(meter.add(x, x, torch::full({1}, 0.5), x + std::nan(""), {}), NumericError);
}

}  // namespace
}  // namespace kilonat::diffusion
