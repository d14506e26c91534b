#include "kilonat/train/code_entropy.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace kilonat::train {
namespace {

TEST(CodeEntropy, IsLog2OfTheSizeForUniformCodes) {
  CodeEntropy entropy(2, 8);
  const torch::Tensor codes = torch::arange(8).view({1, 1, 8}).expand({1, 2, 8}).contiguous();
  entropy.add(codes);
  entropy.add(codes);
  EXPECT_NEAR(entropy.bits_per_frame(), 6, 1e-12);
  EXPECT_NEAR(entropy.kbps(50), 0.3, 1e-12);
}

TEST(CodeEntropy, IsZeroForASingleCodeAndForNone) {
  CodeEntropy entropy(1, 8);
  EXPECT_EQ(entropy.bits_per_frame(), 0);
  entropy.add(torch::full({1, 1, 20}, 3, torch::kLong));
  EXPECT_NEAR(entropy.bits_per_frame(), 0, 1e-12);
}

}  // namespace
}  // namespace kilonat::train
