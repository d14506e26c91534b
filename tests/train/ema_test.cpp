#include "kilonat/train/ema.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace kilonat::train {
namespace {

TEST(Ema, FollowsTheWeightsExactlyWithZeroDecay) {
  Ema ema({{"w", torch::zeros({2})}}, 0.0);
  ema.update_({{"w", torch::full({2}, 5.0)}});
  EXPECT_TRUE(torch::equal(ema.tensors().at("w"), torch::full({2}, 5.0)));
}

TEST(Ema, ForgetsItsStartQuickly) {
  Ema ema({{"w", torch::zeros({1})}}, 0.999);
  for (int i = 0; i < 100; ++i) ema.update_({{"w", torch::ones({1})}});
  // The product of (1+n)/(10+n) for n < 100 is below 1e-9; a constant 0.999 would leave 0.905.
  EXPECT_NEAR(ema.tensors().at("w").item<float>(), 1.0, 1e-5);
}

TEST(Ema, AveragesDoublesAndCopiesCounters) {
  const NamedTensors start{{"w", torch::zeros({1}, torch::kDouble)},
                           {"n", torch::zeros({1}, torch::kLong)}};
  Ema ema(start, 0.05);
  ema.update_({{"w", torch::ones({1}, torch::kDouble)}, {"n", torch::full({1}, 3, torch::kLong)}});
  EXPECT_NEAR(ema.tensors().at("w").item<double>(), 0.95, 1e-12);
  EXPECT_EQ(ema.tensors().at("n").item<std::int64_t>(), 3);
}

TEST(Ema, IsNotTheModelsOwnTensor) {
  const torch::Tensor weight = torch::zeros({1});
  const Ema ema({{"w", weight}}, 0.9);
  weight.fill_(7);
  EXPECT_EQ(ema.tensors().at("w").item<float>(), 0);
}

TEST(EmaScope, LendsTheAveragesAndPutsTheWeightsBack) {
  const torch::Tensor weight = torch::full({2}, 3.0).requires_grad_();
  {
    const EmaScope scope({{"w", weight}}, {{"w", torch::full({2}, 8.0)}});
    EXPECT_EQ(weight[0].item<float>(), 8);
  }
  EXPECT_EQ(weight[0].item<float>(), 3);
  EXPECT_TRUE(weight.requires_grad());
}

}  // namespace
}  // namespace kilonat::train
