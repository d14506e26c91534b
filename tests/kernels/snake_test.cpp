#include "kilonat/kernels/snake.h"

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/kernels/cpu.h"

namespace kilonat::kernels {
namespace {

struct Size {
  std::int64_t batch;
  std::int64_t channels;
  std::int64_t length;
};

// Odd sizes, sizes around a vector and around a period, one of everything, several pieces.
const std::vector<Size> kSizes{{1, 1, 1},
                               {2, 3, 5},
                               {1, 16, 16},
                               {3, 17, 31},
                               {2, 48, 33},
                               {1, 256, 7},
                               {2, 5, 8191},
                               {3, 16, 4099},
                               {1, 1, 50001},
                               {1, 515, 70}};

at::Tensor channels_last(const at::Tensor& x) {
  return x.transpose(1, 2).contiguous().transpose(1, 2);
}

/// x in the memory orders that a caller may bring.
std::vector<at::Tensor> arrangements(const at::Tensor& x) {
  const at::Tensor wide = torch::cat({x, x}, -1);
  return {x,
          channels_last(x),
          wide.narrow(-1, 0, x.size(-1)),
          channels_last(wide).narrow(-1, x.size(-1), x.size(-1))};
}

using Function = std::function<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&)>;

struct Outcome {
  at::Tensor y, grad_x, grad_a, grad_b;
};

Outcome outcome(const Function& function,
                const at::Tensor& x_values,
                const at::Tensor& a_values,
                const at::Tensor& b_values) {
  const at::Tensor x = x_values.detach().requires_grad_();
  const at::Tensor a = a_values.detach().clone().requires_grad_();
  const at::Tensor b = b_values.detach().clone().requires_grad_();
  const at::Tensor y = function(x, a, b);
  // Whole numbers that differ from element to element: exact for any type and number of threads.
  const at::Tensor weights = (torch::arange(y.numel()).remainder(17) - 8).to(y).view(y.sizes());
  (y * weights).sum().backward();
  return {y.detach(), x.grad(), a.grad(), b.grad()};
}

const Function kSnake = [](const auto& x, const auto& a, const auto& b) {
  return snake(x, a) + 0 * b.sum();
};
const Function kSnakeBeta = [](const auto& x, const auto& a, const auto& b) {
  return snake_beta(x, a, b);
};
/// Through the fused sum, both of whose outputs are used.
const Function kAddSnake = [](const auto& x, const auto& a, const auto& b) {
  const SumAndSnake result = add_snake(0.25 * x, 0.75 * x, a);
  return result.y_BCT + 0.5 * result.sum_BCT + 0 * b.sum();
};
const Function kAddSnakeBeta = [](const auto& x, const auto& a, const auto& b) {
  const SumAndSnake result = add_snake_beta(0.25 * x, 0.75 * x, a, b);
  return result.y_BCT + 0.5 * result.sum_BCT;
};
const Function kReference = [](const auto& x, const auto& a, const auto& b) {
  return snake_reference(x, a) + 0 * b.sum();
};
const Function kReferenceBeta = [](const auto& x, const auto& a, const auto& b) {
  return snake_beta_reference(x, a, b);
};
const Function kAddReference = [](const auto& x, const auto& a, const auto& b) {
  return snake_reference(x, a) + 0.5 * x + 0 * b.sum();
};
const Function kAddReferenceBeta = [](const auto& x, const auto& a, const auto& b) {
  return snake_beta_reference(x, a, b) + 0.5 * x;
};

/// Largest difference over the largest value.
double relative_error(const at::Tensor& got, const at::Tensor& expected) {
  const double largest = expected.abs().max().item<double>();
  return (got.to(at::kDouble) - expected).abs().max().item<double>() / (largest + 1e-12);
}

void expect_same(const Outcome& got, const Outcome& expected, const std::string& what) {
  // float32 against float64: a x, up to 20, is rounded by 1e-6, and the slope of the result in it
  // is up to 1 / b = 3. The sums have up to 50 000 terms of both signs, which cancel.
  constexpr double kTolerance = 1e-5;
  constexpr double kSumTolerance = 2e-4;
  EXPECT_LT(relative_error(got.y, expected.y), kTolerance) << what;
  EXPECT_LT(relative_error(got.grad_x, expected.grad_x), kTolerance) << what;
  EXPECT_LT(relative_error(got.grad_a, expected.grad_a), kSumTolerance) << what;
  EXPECT_LT(relative_error(got.grad_b, expected.grad_b), kSumTolerance) << what;
}

void expect_like_reference(const Function& function, const Function& reference) {
  torch::manual_seed(1);
  const CpuLevel before = cpu_level();
  for (const Size& size : kSizes) {
    const at::Tensor x = 3 * torch::randn({size.batch, size.channels, size.length});
    const at::Tensor a = torch::rand({1, size.channels, 1}) + 0.3;
    const at::Tensor b = torch::rand({1, size.channels, 1}) + 0.3;
    const Outcome expected =
        outcome(reference, x.to(at::kDouble), a.to(at::kDouble), b.to(at::kDouble));
    for (const CpuLevel level : supported_cpu_levels()) {
      set_cpu_level(level);
      for (const at::Tensor& arranged : arrangements(x)) {
        std::ostringstream what;
        what << cpu_level_name(level) << " " << x.sizes() << " strides " << arranged.strides();
        expect_same(outcome(function, arranged, a, b), expected, what.str());
      }
    }
  }
  set_cpu_level(before);
}

TEST(Snake, EqualsTheReference) {
  expect_like_reference(kSnake, kReference);
}
TEST(Snake, BetaEqualsTheReference) {
  expect_like_reference(kSnakeBeta, kReferenceBeta);
}
TEST(Snake, OfASumEqualsTheReference) {
  expect_like_reference(kAddSnake, kAddReference);
}
TEST(Snake, BetaOfASumEqualsTheReference) {
  expect_like_reference(kAddSnakeBeta, kAddReferenceBeta);
}

/// x, rounded to bfloat16 and its parameters float32, against the same numbers in float64.
void expect_bf16_like_reference(const Function& function, const Function& reference) {
  torch::manual_seed(5);
  const CpuLevel before = cpu_level();
  for (const Size& size : kSizes) {
    const at::Tensor x =
        (3 * torch::randn({size.batch, size.channels, size.length})).to(at::kBFloat16);
    const at::Tensor a = torch::rand({1, size.channels, 1}) + 0.3;
    const at::Tensor b = torch::rand({1, size.channels, 1}) + 0.3;
    const Outcome expected =
        outcome(reference, x.to(at::kDouble), a.to(at::kDouble), b.to(at::kDouble));
    for (const CpuLevel level : supported_cpu_levels()) {
      set_cpu_level(level);
      for (const at::Tensor& arranged : arrangements(x)) {
        const Outcome got = outcome(function, arranged, a, b);
        std::ostringstream what;
        what << cpu_level_name(level) << " " << x.sizes() << " strides " << arranged.strides();
        EXPECT_EQ(got.y.scalar_type(), at::kBFloat16);
        EXPECT_EQ(got.grad_a.scalar_type(), at::kFloat);
        // Results are rounded to 8 bits, half a unit of 2^-7, beside the float32 errors; the sums
        // are of float32 products and do not know of it.
        EXPECT_LT(relative_error(got.y, expected.y), 0.0042) << what.str();
        EXPECT_LT(relative_error(got.grad_x, expected.grad_x), 0.0042) << what.str();
        EXPECT_LT(relative_error(got.grad_a, expected.grad_a), 2e-4) << what.str();
        EXPECT_LT(relative_error(got.grad_b, expected.grad_b), 2e-4) << what.str();
      }
    }
  }
  set_cpu_level(before);
}

TEST(Snake, OfBfloat16EqualsTheReferenceRounded) {
  expect_bf16_like_reference(kSnake, kReference);
}
TEST(Snake, BetaOfBfloat16EqualsTheReferenceRounded) {
  expect_bf16_like_reference(kSnakeBeta, kReferenceBeta);
}

TEST(Snake, AddsInFloat32BeforeItRoundsASumOfBfloat16) {
  const at::Tensor x = torch::full({1, 32, 40}, 256.0, at::kBFloat16);
  const at::Tensor h = torch::full({1, 32, 40}, 1.0, at::kBFloat16);
  const SumAndSnake result = add_snake(x, h, torch::ones(32));
  // 257 is not a bfloat16 (steps of 2): the sum is rounded, Snake of it is not Snake of 256.
  EXPECT_EQ(result.sum_BCT[0][0][0].item<float>(), 256.0F);
  const double exact = 257 + std::pow(std::sin(257.0), 2);
  EXPECT_NEAR(result.y_BCT[0][0][0].item<double>(), exact, 1.0);
}

TEST(Snake, DoubleEqualsTheReferenceExactly) {
  const at::Tensor x = torch::randn({2, 3, 5}, at::kDouble);
  const at::Tensor a = torch::rand({3}, at::kDouble);
  EXPECT_TRUE(torch::equal(snake(x, a), snake_reference(x, a)));
}

TEST(Snake, GradientsAreThoseOfFiniteDifferences) {
  torch::manual_seed(2);
  const at::Tensor x = torch::randn({1, 2, 3}, at::kDouble).requires_grad_();
  const at::Tensor a = (torch::rand({2}, at::kDouble) + 0.5).requires_grad_();
  snake(x, a).sum().backward();
  const at::NoGradGuard no_grad;
  constexpr double kStep = 1e-6;
  for (std::int64_t c = 0; c < 2; ++c) {
    at::Tensor up = a.clone();
    at::Tensor down = a.clone();
    up[c] += kStep;
    down[c] -= kStep;
    const at::Tensor slope = (snake(x, up).sum() - snake(x, down).sum()) / (2 * kStep);
    EXPECT_NEAR(slope.item<double>(), a.grad()[c].item<double>(), 1e-7);
  }
}

TEST(Snake, KeepsTheMemoryOrderOfItsInput) {
  const at::Tensor x = torch::randn({2, 6, 10});
  EXPECT_EQ(snake(x, torch::ones(6)).strides(), x.strides());
  const at::Tensor last = channels_last(x);
  EXPECT_EQ(snake(last, torch::ones(6)).strides(), last.strides());
}

TEST(Snake, GivesTheSameBitsForAnyNumberOfThreads) {
  torch::manual_seed(3);
  const int before = torch::get_num_threads();
  for (const bool last : {false, true}) {
    const at::Tensor x = torch::randn({3, 24, 9001});
    const at::Tensor a = torch::rand({24}) + 0.3;
    std::vector<Outcome> outcomes;
    for (const int threads : {1, 2, 3}) {
      torch::set_num_threads(threads);
      outcomes.push_back(outcome(kSnakeBeta, last ? channels_last(x) : x, a, a));
    }
    for (const Outcome& other : outcomes) {
      EXPECT_TRUE(torch::equal(other.y, outcomes[0].y));
      EXPECT_TRUE(torch::equal(other.grad_x, outcomes[0].grad_x));
      EXPECT_TRUE(torch::equal(other.grad_a, outcomes[0].grad_a));
      EXPECT_TRUE(torch::equal(other.grad_b, outcomes[0].grad_b));
    }
  }
  torch::set_num_threads(before);
}

TEST(Snake, GradientsOfGradientsEqualTheReference) {
  torch::manual_seed(4);
  const auto second = [](const Function& function, const at::Tensor& values) {
    const at::Tensor x = values.detach().requires_grad_();
    const at::Tensor a = torch::full({3}, 0.7, values.options()).requires_grad_();
    const at::Tensor b = torch::full({3}, 0.4, values.options()).requires_grad_();
    const auto first = torch::autograd::grad({function(x, a, b).sum()}, {x, a, b}, {}, true, true);
    return torch::autograd::grad({first[0].square().sum() + first[1].sum() + first[2].sum()},
                                 {x, a, b});
  };
  const at::Tensor x = torch::randn({2, 3, 7});
  const auto got = second(kSnakeBeta, x);
  const auto expected = second(kReferenceBeta, x.to(at::kDouble));
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_LT(relative_error(got[i], expected[i]), 1e-5);
}

TEST(Snake, TakesAnEmptyInput) {
  EXPECT_EQ(snake(torch::zeros({2, 3, 0}), torch::ones(3)).sizes(), (at::IntArrayRef{2, 3, 0}));
}

TEST(Snake, RefusesParametersOfAnotherWidth) {
  EXPECT_THROW((void)snake(torch::zeros({2, 3, 5}), torch::ones(4)), ShapeError);
  EXPECT_THROW((void)snake(torch::zeros({3, 5}), torch::ones(3)), ShapeError);
  EXPECT_THROW((void)add_snake(torch::zeros({2, 3, 5}), torch::zeros({2, 3, 4}), torch::ones(3)),
               ShapeError);
}

TEST(Snake, NeedsNoGradientOfItsParameters) {
  const at::Tensor x = torch::randn({1, 2, 9}).requires_grad_();
  snake(x, torch::ones(2)).sum().backward();
  EXPECT_TRUE(x.grad().defined());
}

}  // namespace
}  // namespace kilonat::kernels
