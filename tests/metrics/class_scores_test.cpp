#include "kilonat/metrics/class_scores.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::metrics {
namespace {

/// Rows of probabilities as logarithms.
torch::Tensor logs(const std::vector<std::vector<double>>& rows) {
  std::vector<torch::Tensor> tensors;
  for (const auto& row : rows) tensors.push_back(torch::tensor(row, torch::kDouble).log());
  return torch::stack(tensors);
}

TEST(ConfusionMatrix, CountsWhatEachClassIsTakenFor) {
  const torch::Tensor posteriors =
      logs({{0.8, 0.1, 0.1}, {0.2, 0.7, 0.1}, {0.6, 0.3, 0.1}, {0.1, 0.2, 0.7}});
  const torch::Tensor confusion = confusion_matrix(posteriors, {0, 1, 1, -1});
  EXPECT_TRUE(torch::equal(confusion,
                           torch::tensor({1, 0, 0, 1, 1, 0, 0, 0, 0}, torch::kLong).view({3, 3})));
  EXPECT_DOUBLE_EQ(accuracy(confusion), 2.0 / 3);
  EXPECT_EQ(accuracy(torch::zeros({3, 3}, torch::kLong)), 0);
  EXPECT_THROW((void)confusion_matrix(posteriors, {0, 1}), ShapeError);
}

TEST(KlNats, IsItsDefinitionAndNotSymmetric) {
  const torch::Tensor p = logs({{0.5, 0.5}});
  const torch::Tensor q = logs({{0.9, 0.1}});
  const double forward = 0.5 * std::log(0.5 / 0.9) + 0.5 * std::log(0.5 / 0.1);
  const double backward = 0.9 * std::log(0.9 / 0.5) + 0.1 * std::log(0.1 / 0.5);
  EXPECT_NEAR(kl_nats(p, q).item<double>(), forward, 1e-14);
  EXPECT_NEAR(kl_nats(q, p).item<double>(), backward, 1e-14);
  EXPECT_NEAR(kl_nats(p, p).item<double>(), 0, 1e-15);
}

TEST(ClassLogPosteriors, AreMeansOfProbabilitiesOverTheClipsOfAClass) {
  const torch::Tensor posteriors = logs({{0.9, 0.1}, {0.5, 0.5}, {0.2, 0.8}});
  const torch::Tensor means = class_log_posteriors(posteriors, {0, 0, -1}).exp();
  EXPECT_NEAR(means[0][0].item<double>(), 0.7, 1e-14);
  // No clip is of class 1: the mean over all.
  EXPECT_NEAR(means[1][0].item<double>(), 1.6 / 3, 1e-14);
  EXPECT_THROW((void)class_log_posteriors(torch::zeros({0, 2}), {}), DataError);
}

TEST(InceptionScore, GoesFromOneToTheNumberOfClasses) {
  EXPECT_NEAR(inception_score(logs({{0.3, 0.7}, {0.3, 0.7}})), 1, 1e-12);
  constexpr double kAlmost = 1 - 2e-12;
  constexpr double kRest = 1e-12;
  EXPECT_NEAR(inception_score(logs(
                  {{kAlmost, kRest, kRest}, {kRest, kAlmost, kRest}, {kRest, kRest, kAlmost}})),
              3,
              1e-9);
  // Sure, but always of the same class.
  EXPECT_NEAR(inception_score(logs({{kAlmost, kRest}, {kAlmost, kRest}})), 1, 1e-9);
}

}  // namespace
}  // namespace kilonat::metrics
