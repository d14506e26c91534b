#include "kilonat/diffusion/sampler.h"

#include <cmath>
#include <limits>

#include "diffusion/small_transformer.h"
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::diffusion {
namespace {

constexpr double kMean = 0.7;
constexpr double kStddev = 0.4;

/// Of latents N(kMean, kStddev^2): the velocity, and the exact solution of its equation,
/// x_t = alpha m + sqrt(alpha^2 s^2 + sigma^2) z with z constant.
struct Gaussian {
  Objective objective;

  [[nodiscard]] double spread(double t) const {
    const Mix mix = mix_at(objective, t);
    return std::hypot(mix.alpha * kStddev, mix.sigma);
  }
  [[nodiscard]] at::Tensor state(const at::Tensor& z, double t) const {
    return mix_at(objective, t).alpha * kMean + spread(t) * z;
  }
  [[nodiscard]] at::Tensor velocity(const at::Tensor& x, double t) const {
    const Mix mix = mix_at(objective, t);
    const double variance = kStddev * kStddev;
    const at::Tensor latent =
        kMean + mix.alpha * variance / (spread(t) * spread(t)) * (x - mix.alpha * kMean);
    if (objective == Objective::kRectifiedFlow) return t > 0 ? (x - latent) / t : kMean - x;
    return (mix.alpha * x - latent) / mix.sigma;  // denoised(), solved for the velocity
  }
  /// Largest error of n steps, uniform in time.
  [[nodiscard]] double error(Solver solver, double start, double end, int num_steps) const {
    const at::Tensor z = torch::tensor({-1.5, 0.3, 2.0}, torch::kDouble).view({1, 1, 3});
    std::vector<double> times;
    for (int i = 0; i <= num_steps; ++i) times.push_back(start + (end - start) * i / num_steps);
    const Velocity slope = [this](const at::Tensor& x, double t) { return velocity(x, t); };
    const at::Tensor y = sample(solver, objective, slope, state(z, start), times);
    return largest_difference(y, state(z, end));
  }
};

struct Order {
  Solver solver;
  double order;
};
constexpr Order kOrders[] = {{Solver::kEuler, 1}, {Solver::kHeun, 2}, {Solver::kDpmpp2m, 2}};

TEST(Sampler, ErrorsFallWithTheOrderOfTheSolver) {
  for (const Objective objective : {Objective::kRectifiedFlow, Objective::kV}) {
    const Gaussian gaussian{objective};
    for (const auto& [solver, order] : kOrders) {
      const double coarse = gaussian.error(solver, 0.9, 0.1, 64);
      const double fine = gaussian.error(solver, 0.9, 0.1, 128);
      // The next term of the error is smaller by the step, 1/80: the ratio is 2^order to some 10 %.
      EXPECT_NEAR(std::log2(coarse / fine), order, 0.15) << static_cast<int>(solver);
      EXPECT_LT(fine, order == 1 ? 0.02 : 5e-4);
    }
  }
}

TEST(Sampler, ReachTheLatentFromNoise) {
  for (const Objective objective : {Objective::kRectifiedFlow, Objective::kV}) {
    const Gaussian gaussian{objective};
    for (const auto& [solver, order] : kOrders) {
      const double coarse = gaussian.error(solver, 1, 0, 50);
      EXPECT_LT(coarse, order == 1 ? 0.05 : 0.01) << static_cast<int>(solver);
      // The ends are steps of order 1: the whole falls at least so fast.
      EXPECT_LT(gaussian.error(solver, 1, 0, 100), coarse / 1.8) << static_cast<int>(solver);
    }
  }
}

TEST(Sampler, EulerIsExactWhereTheLatentIsKnown) {
  // One point: the path is straight.
  const at::Tensor point = random_normal({1, 2, 3}, 1);
  const Velocity velocity = [&](const at::Tensor& x, double t) { return (x - point) / t; };
  const at::Tensor y = sample(Solver::kEuler,
                              Objective::kRectifiedFlow,
                              velocity,
                              random_normal({1, 2, 3}, 2),
                              {1, 0.7, 0});
  EXPECT_LT(largest_difference(y, point), 1e-5);
}

TEST(Sampler, StartsPartWayFromANoisedLatent) {
  const Gaussian gaussian{Objective::kRectifiedFlow};
  const at::Tensor latent = torch::full({1, 1, 20000}, 3.0, torch::kDouble);
  const at::Tensor noise = torch::randn({1, 1, 20000}, tensor::make_generator(1), torch::kDouble);
  const Velocity velocity = [&](const at::Tensor& x, double t) { return gaussian.velocity(x, t); };
  double previous = 3;
  for (const double start : {0.1, 0.5, 0.9, 1.0}) {
    const at::Tensor y = sample(Solver::kHeun,
                                Objective::kRectifiedFlow,
                                velocity,
                                noised_start(Objective::kRectifiedFlow, latent, noise, start),
                                time_grid({.num_steps = 40}, Objective::kRectifiedFlow, start));
    // Exactly: m + s ((1 - t)(3 - m) + t noise) / spread(t); 0.01: four errors of the mean, and the
    // solver's.
    const double expected = kMean + kStddev * (1 - start) * (3 - kMean) / gaussian.spread(start);
    EXPECT_NEAR(y.mean().item<double>(), expected, 0.015) << start;
    EXPECT_LT(y.mean().item<double>(), previous);
    previous = y.mean().item<double>();
  }
}

/// Latents of two frames, each N(0, 1), with correlation 0.95.
at::Tensor correlated_velocity(const at::Tensor& x_BCF, double t) {
  const at::Tensor covariance = torch::tensor({1.0, 0.95, 0.95, 1.0}, torch::kDouble).view({2, 2});
  const at::Tensor total = (1 - t) * (1 - t) * covariance + t * t * torch::eye(2, torch::kDouble);
  const at::Tensor latent = x_BCF.matmul(torch::inverse(total)).matmul(covariance) * (1 - t);
  return t > 0 ? (x_BCF - latent) / t : -x_BCF;
}

TEST(Sampler, FillsUnknownFramesSoThatTheyFitTheKnown) {
  const at::Tensor noise = torch::randn({2000, 1, 2}, tensor::make_generator(1), torch::kDouble);
  const at::Tensor known = torch::randn({2000, 1, 2}, tensor::make_generator(2), torch::kDouble);
  const at::Tensor is_known = torch::tensor({true, false}).expand({2000, 2});
  const auto fit = [&](Solver solver, const SamplerHooks& hooks) {
    const at::Tensor y = sample(solver,
                                Objective::kRectifiedFlow,
                                correlated_velocity,
                                noise,
                                time_grid({.num_steps = 50}, Objective::kRectifiedFlow),
                                hooks);
    if (hooks.constrain) {
      EXPECT_TRUE(y.select(2, 0).equal(known.select(2, 0)));
    }
    const at::Tensor pair = torch::stack({known.select(2, 0).flatten(), y.select(2, 1).flatten()});
    return torch::corrcoef(pair)[0][1].item<double>();
  };
  const SamplerHooks keep{.constrain =
                              keep_known(Objective::kRectifiedFlow, known, noise, is_known)};
  for (const auto& [solver, order] : kOrders) {
    EXPECT_NEAR(fit(solver, {}), 0, 0.1);  // independent: 4 / sqrt(2000)
    EXPECT_GT(fit(solver, keep), 0.6);     // at most 0.95; replacing is an approximation
  }
}

TEST(Sampler, TellsAfterEachStepAndStopsWhenTheHookThrows) {
  std::vector<std::int64_t> steps;
  const SamplerHooks hooks{.after_step = [&](std::int64_t step, std::int64_t num_steps) {
    EXPECT_EQ(num_steps, 4);
    steps.push_back(step);
    if (step == 3) throw Interrupted("enough");
  }};
  const Velocity still = [](const at::Tensor& x, double) { return torch::zeros_like(x); };
  const auto run = [&] {
    return sample(Solver::kEuler,
                  Objective::kRectifiedFlow,
                  still,
                  torch::zeros({1, 1, 1}),
                  {1, 0.75, 0.5, 0.25, 0},
                  hooks);
  };
  EXPECT_THROW((void)run(), Interrupted);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{1, 2, 3}));
}

TEST(Sampler, RefusesTimesThatRiseAndStatesThatAreNotFinite) {
  const Velocity broken = [](const at::Tensor& x, double) {
    return x + std::numeric_limits<double>::quiet_NaN();
  };
  const at::Tensor x = torch::zeros({1, 1, 1});
  const auto run = [&](const std::vector<double>& times) {
    return sample(Solver::kEuler, Objective::kRectifiedFlow, broken, x, times);
  };
  EXPECT_THROW((void)run({0.5, 0.6, 0}), ConfigError);
  EXPECT_THROW((void)run({1}), ConfigError);
  EXPECT_THROW((void)run({1, 0}), NumericError);
}

TEST(TimeGrid, FallsFromTheStartToZero) {
  for (const Objective objective : {Objective::kRectifiedFlow, Objective::kV}) {
    for (const Grid grid : {Grid::kUniform, Grid::kLogSnr}) {
      for (const double start : {1.0, 0.6, 0.02}) {
        const std::vector<double> times =
            time_grid({.num_steps = 10, .grid = grid}, objective, start);
        ASSERT_EQ(times.size(), 11U);
        EXPECT_EQ(times.front(), start);
        EXPECT_EQ(times.back(), 0);
        for (std::size_t i = 1; i < times.size(); ++i) EXPECT_LT(times[i], times[i - 1]);
      }
    }
  }
  EXPECT_THROW((void)time_grid({}, Objective::kV, 0), ConfigError);
  EXPECT_THROW((void)time_grid({.num_steps = 0}, Objective::kV), ConfigError);
}

TEST(TimeGrid, IsEvenInTheLogarithmOfTheSignalToNoiseRatio) {
  const std::vector<double> times =
      time_grid({.num_steps = 8, .grid = Grid::kLogSnr}, Objective::kRectifiedFlow);
  for (std::size_t i = 1; i < 8; ++i) {
    const double log_snr = 2 * std::log((1 - times[i]) / times[i]);
    EXPECT_NEAR(log_snr, -2 + static_cast<double>(i), 1e-9);
  }
}

}  // namespace
}  // namespace kilonat::diffusion
