#include "kilonat/kernels/conv2d.h"

#include <sstream>
#include <vector>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/seed_tree.h"

namespace kilonat::kernels {
namespace {

struct Trial {
  at::Tensor x, weight, bias;
  Conv2dOptions options;
};

Trial random_trial(Rng& rng) {
  const auto draw = [&rng](std::uint64_t n) {
    return 1 + static_cast<std::int64_t>(rng.integer(n));
  };
  const std::int64_t in = draw(20);
  const std::int64_t out = draw(20);
  const std::array<std::int64_t, 2> kernel{draw(5), draw(9)};
  Trial trial;
  trial.options = {.stride = {draw(3), draw(3)}, .padding = {draw(4) - 1, draw(5) - 1}};
  trial.x = torch::randn({draw(3), in, kernel[0] + draw(12), kernel[1] + draw(40)});
  trial.weight = torch::randn({out, in, kernel[0], kernel[1]});
  trial.bias = torch::randn({out});
  return trial;
}

/// Output and gradients of x, weight and bias.
template <typename Convolve>
std::vector<at::Tensor> outcome(const Trial& trial,
                                at::ScalarType activations,
                                at::ScalarType parameters,
                                const Convolve& convolve) {
  const at::Tensor x = trial.x.to(activations).requires_grad_();
  const at::Tensor weight = trial.weight.to(parameters).requires_grad_();
  const at::Tensor bias = trial.bias.to(parameters).requires_grad_();
  const at::Tensor y = convolve(x, weight, bias);
  (y * (torch::arange(y.numel()).remainder(17) - 8).to(y).view(y.sizes())).sum().backward();
  return {y.detach(), x.grad(), weight.grad(), bias.grad()};
}

void expect_like_aten(at::ScalarType activations, double tolerance) {
  Rng rng(1);
  torch::manual_seed(1);
  for (int number = 0; number < 30; ++number) {
    Trial trial = random_trial(rng);
    for (at::Tensor* t : {&trial.x, &trial.weight, &trial.bias}) {
      *t = t->to(activations).to(at::kDouble);
    }
    const auto got =
        outcome(trial, activations, at::kFloat, [&](auto& x, auto& weight, auto& bias) {
          return kernels::conv2d(x, weight, bias, trial.options);
        });
    const auto expected =
        outcome(trial, at::kDouble, at::kDouble, [&](auto& x, auto& weight, auto& bias) {
          return at::conv2d(x, weight, bias, trial.options.stride, trial.options.padding);
        });
    std::ostringstream what;
    what << trial.x.sizes() << " with " << trial.weight.sizes() << " stride "
         << at::IntArrayRef(trial.options.stride) << " padding "
         << at::IntArrayRef(trial.options.padding);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(got[i].sizes(), expected[i].sizes()) << what.str();
      const double scale = expected[i].abs().max().item<double>() + 1e-9;
      EXPECT_LT((got[i].to(at::kDouble) - expected[i]).abs().max().item<double>(),
                tolerance * scale)
          << what.str() << " result " << i;
    }
  }
}

TEST(Conv2d, EqualsATenForRandomShapes) {
  // Sums of up to a few thousand products of both signs in float32.
  expect_like_aten(at::kFloat, 3e-5);
}

TEST(Conv2d, OfBfloat16EqualsATenRounded) {
  // Products are exact, sums float32; results are rounded to 8 bits, half a unit of 2^-7.
  expect_like_aten(at::kBFloat16, 0.0042);
}

TEST(Conv2d, DoubleEqualsATenExactly) {
  const at::Tensor x = torch::randn({2, 3, 9, 20}, at::kDouble);
  const at::Tensor weight = torch::randn({4, 3, 3, 5}, at::kDouble);
  EXPECT_TRUE(torch::equal(kernels::conv2d(x, weight, at::Tensor()), at::conv2d(x, weight)));
}

}  // namespace
}  // namespace kilonat::kernels
