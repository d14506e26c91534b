#include "kilonat/kernels/snake_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "kilonat/base/seed_tree.h"

namespace kilonat::kernels {
namespace {

/// a, 1 / b and the results of one run.
struct Stretch {
  explicit Stretch(std::vector<float> values)
      : x(std::move(values)), a(16, 1.0F), inverse_b(16, 1.0F), y(x.size()), grad_x(x.size()) {}

  void forward(CpuLevel level) {
    const SnakeTable table{a.data(), inverse_b.data(), 16};
    const auto size = static_cast<std::int64_t>(x.size());
    snake_kernels(level).fp32.forward(x.data(), nullptr, nullptr, y.data(), size, table);
  }
  void backward(CpuLevel level, const std::vector<float>& grad_y) {
    const SnakeTable table{a.data(), inverse_b.data(), 16};
    const auto size = static_cast<std::int64_t>(x.size());
    snake_kernels(level).fp32.backward(x.data(),
                                       grad_y.data(),
                                       nullptr,
                                       grad_x.data(),
                                       size,
                                       table,
                                       {x_sine_2u.data(), sine_squared.data()});
  }

  std::vector<float> x;
  std::vector<float> a;
  std::vector<float> inverse_b;
  std::vector<float> y;
  std::vector<float> grad_x;
  std::vector<float> x_sine_2u = std::vector<float>(16);
  std::vector<float> sine_squared = std::vector<float>(16);
};

/// Both signs of every magnitude from 1e-30 to 1e30, dense near multiples of pi / 2.
std::vector<float> angles() {
  std::vector<float> values{0.0F};
  for (double v = 1e-30; v < 1e30; v *= 1.03) values.push_back(static_cast<float>(v));
  Rng rng(1);
  for (int i = 0; i < 20000; ++i) values.push_back(static_cast<float>(rng.uniform(-10.0, 10.0)));
  for (int i = 0; i < 20000; ++i) values.push_back(static_cast<float>(rng.uniform(-2e5, 2e5)));
  for (int n = 1; n < 40000; n += 7) {
    const auto near = static_cast<float>(n * std::acos(0.0));
    values.insert(values.end(), {near, std::nextafter(near, 0.0F), std::nextafter(near, 1e9F)});
  }
  const std::size_t count = values.size();
  for (std::size_t i = 0; i < count; ++i) values.push_back(-values[i]);
  return values;
}

class SnakeKernelsAt : public testing::TestWithParam<CpuLevel> {};

TEST_P(SnakeKernelsAt, SineSquaredStaysWithinItsStatedError) {
  Stretch run(angles());
  // a = 1: u = x. Rounding of x + sin^2 would hide the sine, so x is subtracted where it is small.
  run.forward(GetParam());
  for (std::size_t i = 0; i < run.x.size(); ++i) {
    const double x = run.x[i];
    const double exact = x + std::pow(std::sin(x), 2);
    const double rounding = std::abs(exact) * std::numeric_limits<float>::epsilon();
    ASSERT_NEAR(run.y[i], exact, kSineTolerance + rounding) << "x = " << x;
  }
}

TEST_P(SnakeKernelsAt, SlopeStaysWithinItsStatedError) {
  Stretch run(angles());
  run.backward(GetParam(), std::vector<float>(run.x.size(), 1.0F));
  for (std::size_t i = 0; i < run.x.size(); ++i) {
    const double exact = 1 + std::sin(2 * static_cast<double>(run.x[i]));
    const double rounding = std::numeric_limits<float>::epsilon();
    ASSERT_NEAR(run.grad_x[i], exact, kSineTolerance + rounding) << "x = " << run.x[i];
  }
}

TEST_P(SnakeKernelsAt, NaNAndInfinityComeOutAsNaN) {
  const float infinity = std::numeric_limits<float>::infinity();
  Stretch run(
      std::vector<float>{std::numeric_limits<float>::quiet_NaN(), infinity, -infinity, 1.0F});
  run.forward(GetParam());
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(std::isnan(run.y[i]));
  EXPECT_FALSE(std::isnan(run.y[3]));
}

TEST_P(SnakeKernelsAt, SumsAreThoseOfTheDefinitionForEveryLength) {
  Rng rng(3);
  for (std::size_t size = 1; size < 70; ++size) {
    std::vector<float> x(size);
    std::vector<float> grad_y(size);
    std::generate(x.begin(), x.end(), [&] { return static_cast<float>(rng.normal()); });
    std::generate(grad_y.begin(), grad_y.end(), [&] { return static_cast<float>(rng.normal()); });
    Stretch run(x);
    run.backward(GetParam(), grad_y);
    double x_sine_2u = 0;
    double sine_squared = 0;
    for (std::size_t i = 0; i < size; ++i) {
      x_sine_2u += grad_y[i] * x[i] * std::sin(2.0 * x[i]);
      sine_squared += grad_y[i] * std::pow(std::sin(x[i]), 2);
    }
    const auto sum = [](const std::vector<float>& v) {
      return std::accumulate(v.begin(), v.end(), 0.0);
    };
    // Up to 70 terms of magnitude about 3, each with relative error 2^-23.
    EXPECT_NEAR(sum(run.x_sine_2u), x_sine_2u, 70 * 3 * 1.2e-7 * 4);
    EXPECT_NEAR(sum(run.sine_squared), sine_squared, 70 * 3 * 1.2e-7 * 4);
  }
}

Bf16 bf16_of(std::uint32_t bits) {
  return {static_cast<std::uint16_t>(bits)};
}

float float_of(Bf16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16U);
}

/// x + 0: every sum of a bf16 with a bf16 is rounded to the nearest, ties to even.
TEST_P(SnakeKernelsAt, RoundsSumsToTheNearestBf16Number) {
  Rng rng(4);
  constexpr std::size_t kSize = 4099;
  std::vector<Bf16> x(kSize);
  std::vector<Bf16> h(kSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    // Exponents near each other, so that the sum needs rounding; signs and mantissas free.
    x[i] = bf16_of(static_cast<std::uint32_t>(rng.integer(0x600) + 0x3e00U));
    h[i] = bf16_of(static_cast<std::uint32_t>(rng.integer(0x600) + 0xbe00U));
  }
  std::vector<Bf16> sum(kSize);
  std::vector<Bf16> y(kSize);
  const std::vector<float> ones(16, 1.0F);
  const SnakeTable table{ones.data(), ones.data(), 16};
  snake_kernels(GetParam())
      .bf16.forward(
          x.data(), h.data(), sum.data(), y.data(), static_cast<std::int64_t>(kSize), table);
  for (std::size_t i = 0; i < kSize; ++i) {
    const float exact = float_of(x[i]) + float_of(h[i]);  // exact: 20 bits at most
    const float got = float_of(sum[i]);
    if (exact == 0) {
      ASSERT_EQ(got, 0.0F) << i;
      continue;
    }
    const float up = float_of(bf16_of(sum[i].bits + 1U));
    const float down = float_of(bf16_of(sum[i].bits - 1U));
    const float error = std::abs(got - exact);
    ASSERT_LE(error, std::abs(up - exact)) << i;
    ASSERT_LE(error, std::abs(down - exact)) << i;
    const bool is_tie = error == std::abs(up - exact) || error == std::abs(down - exact);
    if (is_tie && error > 0) {
      ASSERT_EQ(sum[i].bits % 2, 0) << i;
    }
  }
}

TEST_P(SnakeKernelsAt, KeepsNaNInBf16) {
  const std::vector<Bf16> x{bf16_of(0x7fff), bf16_of(0xffff), bf16_of(0x7f81), bf16_of(0x7f80)};
  std::vector<Bf16> y(x.size());
  const std::vector<float> ones(16, 1.0F);
  snake_kernels(GetParam())
      .bf16.forward(x.data(), nullptr, nullptr, y.data(), 4, {ones.data(), ones.data(), 16});
  for (const Bf16& value : y) EXPECT_TRUE(std::isnan(float_of(value)));
}

INSTANTIATE_TEST_SUITE_P(EveryLevel,
                         SnakeKernelsAt,
                         testing::ValuesIn(supported_cpu_levels()),
                         [](const auto& instance) {
                           return std::string(cpu_level_name(instance.param));
                         });

}  // namespace
}  // namespace kilonat::kernels
