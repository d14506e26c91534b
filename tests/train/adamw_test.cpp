#include "kilonat/train/adamw.h"

#include <limits>

#include <gtest/gtest.h>
#include <torch/optim/adamw.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"

namespace kilonat::train {
namespace {

NamedTensors two_parameters() {
  torch::manual_seed(1);
  return {{"a", torch::randn({3, 4}).requires_grad_()}, {"b", torch::randn({5}).requires_grad_()}};
}

torch::Tensor loss_of(const NamedTensors& p) {
  return p.at("a").sin().sum() + p.at("b").square().sum();
}

void update_(AdamW& optimiser, int num_steps) {
  for (int i = 0; i < num_steps; ++i) {
    optimiser.zero_gradients_();
    loss_of(optimiser.parameters()).backward();
    optimiser.step_(1.0);
  }
}

TEST(AdamW, TakesTheStepsOfTorchAdamW) {
  const NamedTensors ours = two_parameters();
  const NamedTensors theirs = two_parameters();
  AdamW optimiser(ours, {.learning_rate = 1e-2, .beta1 = 0.7, .weight_decay = 0.1});
  torch::optim::AdamW reference(
      {theirs.at("a"), theirs.at("b")},
      torch::optim::AdamWOptions(1e-2).betas({0.7, 0.99}).eps(1e-8).weight_decay(0.1));
  update_(optimiser, 20);
  for (int i = 0; i < 20; ++i) {
    reference.zero_grad();
    loss_of(theirs).backward();
    reference.step();
  }
  for (const char* name : {"a", "b"}) {
    // 20 steps of some ten float32 operations each: a few ulp of values near 1.
    EXPECT_TRUE(torch::allclose(ours.at(name), theirs.at(name), 1e-5, 1e-6)) << name;
  }
}

TEST(AdamW, TakesTheSameStepsByOperatorsAsInOnePass) {
  const NamedTensors floats = two_parameters();
  NamedTensors doubles;  // not what the one pass takes, as tensors on a GPU are not
  for (const auto& [name, x] : floats) {
    doubles[name] = x.detach().to(torch::kDouble).requires_grad_();
  }
  AdamW in_one_pass(floats, {.learning_rate = 1e-2, .beta1 = 0.7, .weight_decay = 0.1});
  AdamW by_operators(doubles, {.learning_rate = 1e-2, .beta1 = 0.7, .weight_decay = 0.1});
  update_(in_one_pass, 20);
  update_(by_operators, 20);
  for (const char* name : {"a", "b"}) {
    // 20 steps of some ten float32 operations each: a few ulp of values near 1.
    EXPECT_TRUE(torch::allclose(floats.at(name).to(torch::kDouble), doubles.at(name), 1e-5, 1e-6));
  }
}

TEST(AdamW, ContinuesExactlyFromItsState) {
  AdamW whole(two_parameters(), {.learning_rate = 1e-2});
  update_(whole, 7);

  AdamW first(two_parameters(), {.learning_rate = 1e-2});
  update_(first, 3);
  NamedTensors weights = snapshot(first.parameters());
  for (auto& [name, tensor] : weights) tensor.requires_grad_();
  AdamW second(weights, {.learning_rate = 1e-2});
  second.restore(snapshot(first.state()), first.num_updates());
  update_(second, 4);

  EXPECT_TRUE(torch::equal(second.parameters().at("a"), whole.parameters().at("a")));
  EXPECT_TRUE(torch::equal(second.parameters().at("b"), whole.parameters().at("b")));
}

TEST(AdamW, LeavesAParameterWithoutGradientAlone) {
  const NamedTensors parameters = two_parameters();
  const torch::Tensor before = parameters.at("b").detach().clone();
  AdamW optimiser(parameters, {.learning_rate = 1e-2});
  parameters.at("a").sum().backward();
  optimiser.step_(1.0);
  EXPECT_TRUE(torch::equal(parameters.at("b"), before));
}

TEST(AdamW, RefusesTheStateOfOtherParameters) {
  AdamW optimiser(two_parameters(), {});
  EXPECT_THROW(optimiser.restore({{"first/a", torch::zeros({3, 4})}}, 1), FormatError);
}

TEST(ClipGradients, ScalesToTheNormAndReturnsTheNormBefore) {
  const NamedTensors parameters = two_parameters();
  for (const auto& [name, parameter] : parameters) {
    parameter.mutable_grad() = torch::full_like(parameter, 3.0);
  }
  const double norm = clip_gradients_(parameters, 1.0);
  EXPECT_NEAR(norm, 3 * std::sqrt(17.0), 1e-5);
  EXPECT_NEAR(clip_gradients_(parameters, 1.0), 1.0, 1e-5);
}

TEST(ClipGradients, ScalesDoublesToo) {
  NamedTensors parameters{{"a", torch::zeros({3}, torch::kDouble).requires_grad_()},
                          {"b", torch::zeros({1}, torch::kDouble).requires_grad_()}};
  parameters.at("a").mutable_grad() = torch::full({3}, 4.0, torch::kDouble);
  parameters.at("b").mutable_grad() = torch::full({1}, 1.0, torch::kDouble);
  EXPECT_NEAR(clip_gradients_(parameters, 1.0), 7, 1e-12);  // sqrt(3 x 16 + 1)
  EXPECT_NEAR(parameters.at("a").grad()[0].item<double>(), 4.0 / 7, 1e-6);
}

TEST(ClipGradients, LeavesSmallGradientsAlone) {
  const NamedTensors parameters = two_parameters();
  parameters.at("a").mutable_grad() = torch::full({3, 4}, 0.1);
  clip_gradients_(parameters, 10.0);
  EXPECT_TRUE(torch::equal(parameters.at("a").grad(), torch::full({3, 4}, 0.1)));
}

TEST(ClipGradients, ReturnsANonFiniteNormForANonFiniteGradient) {
  const NamedTensors parameters = two_parameters();
  parameters.at("a").mutable_grad() = torch::full({3, 4}, std::numeric_limits<float>::quiet_NaN());
  EXPECT_FALSE(std::isfinite(clip_gradients_(parameters, 1.0)));
}

}  // namespace
}  // namespace kilonat::train
