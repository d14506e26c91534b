#include "kilonat/kernels/update.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace kilonat::kernels {
namespace {

/// Sizes with and without a rest, and one of several pieces.
const std::vector<std::int64_t> kSizes{1, 7, 64, 1003, 16384, 50001};

std::vector<AdamWTensors> random_tensors() {
  torch::manual_seed(1);
  std::vector<AdamWTensors> result;
  for (const std::int64_t size : kSizes) {
    result.push_back(
        {torch::randn({size}), torch::randn({size}), torch::randn({size}), torch::rand({size})});
  }
  return result;
}

TEST(AdamWUpdate, EqualsTheFormulaInDouble) {
  const AdamWFactors factors{.keep = 0.999F,
                             .beta1 = 0.8F,
                             .one_less_1 = 0.2F,
                             .beta2 = 0.99F,
                             .one_less_2 = 0.01F,
                             .root_factor = 1.5F,
                             .epsilon = 1e-8F,
                             .step = 0.01F};
  const auto as_double = [](float x) { return static_cast<double>(x); };
  const std::vector<AdamWTensors> before = random_tensors();
  const std::vector<AdamWTensors> after = random_tensors();
  adamw_update_(after, factors);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const at::Tensor g = before[i].gradient.to(at::kDouble);
    const at::Tensor first = before[i].first.to(at::kDouble) * as_double(factors.beta1) +
                             g * as_double(factors.one_less_1);
    const at::Tensor second = before[i].second.to(at::kDouble) * as_double(factors.beta2) +
                              g.square() * as_double(factors.one_less_2);
    const at::Tensor root = second.sqrt() * as_double(factors.root_factor) + 1e-8;
    const at::Tensor parameter = before[i].parameter.to(at::kDouble) * as_double(factors.keep) -
                                 as_double(factors.step) * first / root;
    // Five roundings of values below 8, each half of 2^-24 of them or less.
    EXPECT_LT((after[i].parameter - parameter).abs().max().item<double>(), 2e-6) << kSizes[i];
    EXPECT_LT((after[i].first - first).abs().max().item<double>(), 2e-6) << kSizes[i];
    EXPECT_LT((after[i].second - second).abs().max().item<double>(), 2e-6) << kSizes[i];
  }
}

TEST(AdamWUpdate, IsTheSameForAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  std::vector<std::vector<AdamWTensors>> results;
  for (const int threads : {1, 3}) {
    at::set_num_threads(threads);
    results.push_back(random_tensors());
    adamw_update_(results.back(), {.beta1 = 0.5F, .beta2 = 0.5F, .step = 0.1F});
  }
  at::set_num_threads(before);
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    EXPECT_TRUE(torch::equal(results[0][i].parameter, results[1][i].parameter)) << kSizes[i];
  }
}

TEST(AdamWUpdate, IsNoticedByWhatWatchesTheParameter) {
  const AdamWTensors tensors{
      torch::ones({4}), torch::ones({4}), torch::zeros({4}), torch::ones({4})};
  const auto version = tensors.parameter._version();
  adamw_update_(std::vector<AdamWTensors>{tensors}, {.step = 0.1F});
  EXPECT_GT(tensors.parameter._version(), version);
}

TEST(MoveTowards, EqualsLerp) {
  torch::manual_seed(2);
  for (const double weight : {0.001, 0.4, 0.6, 1.0}) {
    for (const std::int64_t size : kSizes) {
      const at::Tensor value = torch::randn({size});
      const at::Tensor average = torch::randn({size});
      const at::Tensor expected = at::lerp(average, value, weight);
      move_towards_(std::vector<Following>{{average, value}}, weight);
      // Two roundings of values below 8.
      EXPECT_TRUE(torch::allclose(average, expected, 0, 2e-6)) << weight << " " << size;
    }
  }
}

TEST(SumOfSquares, IsThatOfAllTensorsInDouble) {
  torch::manual_seed(3);
  std::vector<at::Tensor> tensors;
  double expected = 0;
  for (const std::int64_t size : kSizes) {
    tensors.push_back(torch::randn({size}) * 1e15);
    expected += tensors.back().to(at::kDouble).square().sum().item<double>();
  }
  // Only the order of 10^5 sums in double differs.
  EXPECT_NEAR(sum_of_squares(tensors) / expected, 1.0, 1e-12);
}

TEST(CanUpdate, RefusesOtherTypesAndLayouts) {
  EXPECT_TRUE(can_update(torch::ones({2, 3})));
  EXPECT_FALSE(can_update(torch::ones({2, 3}).t()));
  EXPECT_FALSE(can_update(torch::ones({2}, at::kDouble)));
}

}  // namespace
}  // namespace kilonat::kernels
