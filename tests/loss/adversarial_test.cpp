#include "kilonat/loss/adversarial.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::loss {
namespace {

/// Two discriminators with one feature map and logits each, all of one value.
FeatureMaps maps(double feature, double logit) {
  FeatureMaps result(2);
  for (auto& one : result) one = {torch::full({2, 3, 5}, feature), torch::full({2, 1, 4}, logit)};
  return result;
}

TEST(DiscriminatorLoss, IsZeroForOneThatKnowsAndTwoForOneThatIsFooled) {
  EXPECT_EQ(discriminator_loss(maps(0, 0), maps(0, 1)).item<double>(), 0);
  // Each of two discriminators: 1 for the fake taken for real, 1 for the real taken for fake.
  EXPECT_EQ(discriminator_loss(maps(0, 1), maps(0, 0)).item<double>(), 4);
  EXPECT_EQ(discriminator_loss(maps(0, 0.5), maps(0, 0.5)).item<double>(), 1);
}

TEST(GeneratorLoss, IsZeroWhenEveryDiscriminatorIsFooled) {
  EXPECT_EQ(generator_loss(maps(0, 1)).item<double>(), 0);
  EXPECT_EQ(generator_loss(maps(0, -1)).item<double>(), 8);
}

TEST(FeatureMatchingLoss, SumsMeansOverAllMapsButTheLogits) {
  EXPECT_DOUBLE_EQ(feature_matching_loss(maps(0.5, 7), maps(0.25, -7)).item<double>(), 0.5);
  EXPECT_EQ(feature_matching_loss(maps(0.5, 7), maps(0.5, -7)).item<double>(), 0);
}

TEST(FeatureMatchingLoss, DoesNotTeachTheReals) {
  FeatureMaps fake = maps(0.5, 0);
  FeatureMaps real = maps(0.25, 0);
  fake[0][0].requires_grad_();
  real[0][0].requires_grad_();
  feature_matching_loss(fake, real).backward();
  EXPECT_FALSE(real[0][0].grad().defined());
  // The mean of 30 absolute differences, all of which are positive.
  EXPECT_TRUE(at::allclose(fake[0][0].grad(), torch::full({2, 3, 5}, 1.0 / 30)));
}

TEST(AdversarialLosses, RefuseSetsOfDifferentSizes) {
  FeatureMaps one = maps(0, 0);
  one.pop_back();
  EXPECT_THROW((void)discriminator_loss(one, maps(0, 0)), ShapeError);
  EXPECT_THROW((void)feature_matching_loss(one, maps(0, 0)), ShapeError);
  EXPECT_THROW((void)generator_loss({}), ShapeError);
}

}  // namespace
}  // namespace kilonat::loss
