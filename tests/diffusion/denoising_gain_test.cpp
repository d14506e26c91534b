#include "kilonat/diffusion/denoising_gain.h"

#include <cmath>

#include "base/expect_error.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"

namespace kilonat::diffusion {
namespace {

using kilonat::testing::message_of;
using ::testing::HasSubstr;

at::Tensor normal(std::uint64_t seed) {
  return torch::randn({4, 3, 4000}, tensor::make_generator(seed), torch::TensorOptions());
}

/// The velocity at x_t of the best estimate of latents N(0, variance).
at::Tensor best_velocity(Objective objective, const at::Tensor& x_t, double t, double variance) {
  const Mix mix = mix_at(objective, t);
  const double power = mix.alpha * mix.alpha * variance + mix.sigma * mix.sigma;
  const at::Tensor x = mix.alpha * variance / power * x_t;
  const at::Tensor noise = mix.sigma / power * x_t;
  return objective == Objective::kRectifiedFlow ? noise - x : mix.alpha * noise - mix.sigma * x;
}

/// Gain, on latents N(0, `actual`), of a network that takes them for N(0, `believed`).
double gain_of(Objective objective, double actual, double believed) {
  DenoisingGain gain(objective);
  const at::Tensor x = std::sqrt(actual) * normal(1);
  for (std::size_t i = 0; i < gain.times().size(); ++i) {
    const double t = gain.times()[i];
    const at::Tensor noise = normal(2 + i);
    const Mix mix = mix_at(objective, t);
    const at::Tensor x_t = mix.alpha * x + mix.sigma * noise;
    gain.add(i, x, noise, best_velocity(objective, x_t, t, believed), {});
  }
  return gain.nats_per_frame();
}

class DenoisingGains : public ::testing::TestWithParam<Objective> {};

TEST_P(DenoisingGains, AreTheDivergenceThatANetworkSaves) {
  // -ln N(0, 1) less -ln N(0, s^2) of x ~ N(0, s^2), three channels.
  for (const double variance : {0.25, 0.04}) {
    const double nats = 3 * 0.5 * (variance - 1 - std::log(variance));
    EXPECT_NEAR(gain_of(GetParam(), variance, variance), nats, 0.02 * nats) << variance;
  }
}

TEST_P(DenoisingGains, AreNoneForANetworkThatKnowsTheSpreadAlone) {
  EXPECT_NEAR(gain_of(GetParam(), 1.0, 1.0), 0, 1e-4);
}

TEST_P(DenoisingGains, AreNoneForANetworkThatIsWrong) {
  EXPECT_NEAR(gain_of(GetParam(), 1.0, 0.04), 0, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Objectives,
                         DenoisingGains,
                         ::testing::Values(Objective::kRectifiedFlow, Objective::kV));

TEST(DenoisingGain, LeavesPaddingOut) {
  const at::Tensor x = 0.5 * normal(1);
  const at::Tensor noise = normal(2);
  const auto gain_with = [&](const at::Tensor& mask) {
    DenoisingGain gain(Objective::kRectifiedFlow);
    for (std::size_t i = 0; i < gain.times().size(); ++i) {
      const double t = gain.times()[i];
      at::Tensor velocity =
          best_velocity(Objective::kRectifiedFlow, (1 - t) * x + t * noise, t, 0.25);
      velocity.narrow(2, 2000, 2000).fill_(100);
      gain.add(i, x, noise, velocity, mask);
    }
    return gain.nats_per_frame();
  };
  at::Tensor mask = torch::ones({4, 4000}, torch::kBool);
  EXPECT_EQ(gain_with(mask), 0);
  mask.narrow(1, 2000, 2000).fill_(false);
  EXPECT_GT(gain_with(mask), 0.5);
}

TEST(DenoisingGain, RefusesANetworkThatIsNotFinite) {
  DenoisingGain gain(Objective::kV);
  const at::Tensor x = normal(1);
  for (std::size_t i = 0; i < gain.times().size(); ++i) {
    gain.add(i, x, normal(2), torch::full_like(x, std::nan("")), {});
  }
  EXPECT_THROW((void)gain.nats_per_frame(), NumericError);
}

TEST(DenoisingGain, NeedsEveryTime) {
  const DenoisingGain gain(Objective::kV);
  EXPECT_THAT(message_of<DataError>([&] { (void)gain.nats_per_frame(); }), HasSubstr("none at t"));
}

}  // namespace
}  // namespace kilonat::diffusion
