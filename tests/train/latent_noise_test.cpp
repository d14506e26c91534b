#include "kilonat/train/latent_noise.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace kilonat::train {
namespace {

TEST(LatentNoise, IsTheSameInPiecesAsInOne) {
  const LatentNoise noise(3, 5);
  const torch::Tensor whole = noise.frames(0, 1000);
  EXPECT_EQ(whole.size(1), 5);
  for (const std::int64_t first : {0, 100, 255, 256, 700}) {
    EXPECT_TRUE(torch::equal(noise.frames(first, 300), whole.narrow(2, first, 300))) << first;
  }
  EXPECT_EQ(noise.frames(17, 0).size(2), 0);
}

TEST(LatentNoise, IsStandardNormalAndDependsOnTheSeed) {
  const torch::Tensor values = LatentNoise(3, 8).frames(0, 2000);
  // 16000 draws: the standard error of the mean is 0.008, of the variance 0.011.
  EXPECT_NEAR(values.mean().item<float>(), 0, 0.04);
  EXPECT_NEAR(values.var().item<float>(), 1, 0.055);
  EXPECT_FALSE(torch::equal(values, LatentNoise(4, 8).frames(0, 2000)));
}

}  // namespace
}  // namespace kilonat::train
