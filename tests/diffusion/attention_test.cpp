#include "kilonat/diffusion/attention.h"

#include <cmath>

#include "diffusion/small_transformer.h"
#include <gtest/gtest.h>
#include <torch/types.h>

namespace kilonat::diffusion {
namespace {

struct Inputs {
  at::Tensor q_BHFE = random_normal({2, 3, 5, 4}, 1);
  at::Tensor k_BHLE = random_normal({2, 3, 7, 4}, 2);
  at::Tensor v_BHLE = random_normal({2, 3, 7, 4}, 3);
  at::Tensor mask_BL = torch::arange(7).unsqueeze(0) < torch::tensor({7, 4}).unsqueeze(1);
};

/// The definition, one query at a time, in double.
at::Tensor by_definition(const Inputs& in) {
  at::Tensor y_BFHE = torch::zeros({2, 5, 3, 4}, torch::kDouble);
  for (int b = 0; b < 2; ++b) {
    const auto num_keys = in.mask_BL[b].sum().item<std::int64_t>();
    for (int h = 0; h < 3; ++h) {
      for (int f = 0; f < 5; ++f) {
        const at::Tensor keys = in.k_BHLE[b][h].narrow(0, 0, num_keys).to(torch::kDouble);
        const at::Tensor values = in.v_BHLE[b][h].narrow(0, 0, num_keys).to(torch::kDouble);
        const at::Tensor weights = torch::exp(keys.matmul(in.q_BHFE[b][h][f].to(torch::kDouble)));
        y_BFHE[b][f][h] = weights.matmul(values) / weights.sum();
      }
    }
  }
  return y_BFHE.flatten(2);
}

// float32 sums of up to 7 values near 1: some 1e-7 each, times the softmax's slope.
constexpr double kRounding = 3e-6;

TEST(Attention, PlainAndFusedFollowTheDefinition) {
  const Inputs in;
  const at::Tensor expected = by_definition(in);
  for (const bool is_fused : {false, true}) {
    const at::Tensor y = attend(in.q_BHFE, in.k_BHLE, in.v_BHLE, key_bias(in.mask_BL), is_fused);
    EXPECT_LT(largest_difference(y, expected), kRounding) << is_fused;
  }
}

TEST(Attention, PlainAndFusedHaveTheSameGradients) {
  std::vector<std::vector<at::Tensor>> gradients;
  for (const bool is_fused : {false, true}) {
    Inputs in;
    for (at::Tensor* x : {&in.q_BHFE, &in.k_BHLE, &in.v_BHLE}) x->requires_grad_();
    attend(in.q_BHFE, in.k_BHLE, in.v_BHLE, key_bias(in.mask_BL), is_fused)
        .square()
        .sum()
        .backward();
    gradients.push_back({in.q_BHFE.grad(), in.k_BHLE.grad(), in.v_BHLE.grad()});
  }
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_LT(largest_difference(gradients[0][i], gradients[1][i]), 10 * kRounding);
    EXPECT_GT(gradients[0][i].abs().max().item<double>(), 0.1);
  }
}

TEST(Attention, GivesFiniteValuesWhereNoKeyCounts) {
  Inputs in;
  in.mask_BL.zero_();
  for (const bool is_fused : {false, true}) {
    const at::Tensor y = attend(in.q_BHFE, in.k_BHLE, in.v_BHLE, key_bias(in.mask_BL), is_fused);
    EXPECT_TRUE(torch::isfinite(y).all().item<bool>());
  }
}

TEST(Rotations, MakeProductsDependOnTheDistanceOfPositionsAlone) {
  const at::Tensor turns_FP = rotations(20, 4, torch::kFloat32);
  const at::Tensor q = rotate_pairs(random_normal({8}, 1).expand({20, 8}).contiguous(), turns_FP);
  const at::Tensor k = rotate_pairs(random_normal({8}, 2).expand({20, 8}).contiguous(), turns_FP);
  const at::Tensor products = q.matmul(k.t());
  for (int i = 3; i < 20; ++i) {
    EXPECT_NEAR(products[i][i - 3].item<double>(), products[3][0].item<double>(), 1e-5);
  }
  EXPECT_GT(std::abs((products[4][0] - products[3][0]).item<double>()), 0.01);
}

TEST(Rotations, KeepTheFirstFrameAndTurnTheFirstPairByOneRadianAFrame) {
  const at::Tensor x = torch::tensor({1.0F, 0.0F, 0.0F, 2.0F}).expand({2, 4}).contiguous();
  const at::Tensor y = rotate_pairs(x, rotations(2, 2, torch::kFloat32));
  EXPECT_LT(largest_difference(y[0], x[0]), 1e-7);
  // The second pair turns by 10000^(-1/2) = 0.01.
  const at::Tensor expected =
      torch::tensor({std::cos(1.0), std::sin(1.0), -2 * std::sin(0.01), 2 * std::cos(0.01)});
  EXPECT_LT(largest_difference(y[1], expected), 1e-6);
}

}  // namespace
}  // namespace kilonat::diffusion
