#include "kilonat/tensor/module_weights.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"

namespace kilonat::tensor {
namespace {

/// Two parameters, one of them in a module of its own.
class Pair : public torch::nn::Module {
 public:
  class Inner : public torch::nn::Module {
   public:
    Inner() { weight = register_parameter("weight", torch::zeros({2, 3})); }
    at::Tensor weight;
  };

  Pair() {
    bias = register_parameter("bias", torch::zeros({2}));
    inner = register_module("inner", std::make_shared<Inner>());
  }
  at::Tensor bias;
  std::shared_ptr<Inner> inner;
};

TensorMap fitting_weights() {
  return {{"bias", torch::ones({2})}, {"inner.weight", torch::full({2, 3}, 2.0)}};
}

/// What load_weights says of `weights`; the module must be as it was.
std::string error_of(const TensorMap& weights) {
  Pair pair;
  try {
    load_weights(pair, weights, "model 'a'");
  } catch (const FormatError& error) {
    EXPECT_EQ(pair.bias.abs().sum().item<float>(), 0);
    EXPECT_EQ(pair.inner->weight.abs().sum().item<float>(), 0);
    return error.what();
  }
  return "";
}

TEST(ModuleWeights, AreListedByTheirPathsAndShareMemory) {
  Pair pair;
  const TensorMap weights = weights_of(pair);
  ASSERT_EQ(weights.size(), 2u);
  EXPECT_FALSE(weights.at("bias").requires_grad());
  weights.at("inner.weight").fill_(5);
  EXPECT_EQ(pair.inner->weight.sum().item<float>(), 30);
}

TEST(ModuleWeights, AreLoadedInTheModulesType) {
  Pair pair;
  TensorMap weights = fitting_weights();
  weights["bias"] = weights["bias"].to(torch::kFloat16);
  load_weights(pair, weights, "model 'a'");
  EXPECT_EQ(pair.bias.scalar_type(), torch::kFloat32);
  EXPECT_EQ(pair.bias.sum().item<float>(), 2);
  EXPECT_EQ(pair.inner->weight.sum().item<float>(), 12);
  EXPECT_TRUE(pair.bias.requires_grad());
}

TEST(ModuleWeights, ThatDoNotFitAreNamedAndChangeNothing) {
  TensorMap weights = fitting_weights();
  weights.erase("bias");
  EXPECT_THAT(error_of(weights), testing::HasSubstr("model 'a'"));
  EXPECT_THAT(error_of(weights), testing::HasSubstr("'bias' is missing"));
  weights = fitting_weights();
  weights["inner.weight"] = torch::ones({3, 2});
  EXPECT_THAT(error_of(weights), testing::HasSubstr("'inner.weight' is [3, 2], expected [2, 3]"));
  weights = fitting_weights();
  weights["bias"] = torch::full({2}, NAN);
  EXPECT_THAT(error_of(weights), testing::HasSubstr("'bias' holds NaN or infinity"));
  weights = fitting_weights();
  for (int i = 0; i < 9; ++i) weights["other" + std::to_string(i)] = torch::ones({1});
  EXPECT_THAT(error_of(weights), testing::HasSubstr("'other0' is not known"));
  EXPECT_THAT(error_of(weights), testing::HasSubstr("and 6 more"));
}

}  // namespace
}  // namespace kilonat::tensor
