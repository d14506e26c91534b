#include "kilonat/metrics/kernel_distance.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"

namespace kilonat::metrics {
namespace {

using Rows = std::vector<std::vector<double>>;

torch::Tensor normal(std::int64_t rows, std::int64_t width, std::uint64_t seed) {
  return torch::randn(
      {rows, width}, tensor::make_generator(seed), torch::TensorOptions().dtype(torch::kDouble));
}

Rows rows_of(const torch::Tensor& x) {
  Rows rows;
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    const double* begin = x[i].contiguous().data_ptr<double>();
    rows.emplace_back(begin, begin + x.size(1));
  }
  return rows;
}

double squared_distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

/// The definition, pair by pair.
double brute_force(const Rows& x, const Rows& y) {
  std::vector<double> distances;
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t j = i + 1; j < y.size(); ++j) {
      distances.push_back(std::sqrt(squared_distance(y[i], y[j])));
    }
  }
  std::sort(distances.begin(), distances.end());
  const double bandwidth = distances[(distances.size() - 1) / 2];
  const double gamma = 1 / (2 * bandwidth * bandwidth + 1e-8);
  const auto mean_kernel = [&](const Rows& a, const Rows& b, bool is_same) {
    double sum = 0;
    double count = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (std::size_t j = 0; j < b.size(); ++j) {
        if (is_same && i == j) continue;
        sum += std::exp(-gamma * squared_distance(a[i], b[j]));
        count += 1;
      }
    }
    return sum / count;
  };
  return 100 * (mean_kernel(x, x, true) + mean_kernel(y, y, true) - 2 * mean_kernel(x, y, false));
}

TEST(KernelDistance, IsWhatItsDefinitionGivesPairByPair) {
  const torch::Tensor x = 0.7 * normal(13, 5, 1) + 0.3;
  const torch::Tensor y = normal(18, 5, 2);
  // Sums of at most 18 x 18 kernel values of at most 1: rounding is far below 1e-11.
  EXPECT_NEAR(KernelDistance(y).of(x), brute_force(rows_of(x), rows_of(y)), 1e-11);
  EXPECT_NEAR(KernelDistance(x).of(y), brute_force(rows_of(y), rows_of(x)), 1e-11);
}

TEST(KernelDistance, IsZeroOnAverageForSetsOfOneDistribution) {
  // 60 pairs of sets of 30: the estimate has no bias, so their mean lies within a few of its
  // standard errors of 0, while the biased estimate would be 100 (1 / 30 + 1 / 30) (1 - mean
  // kernel).
  double sum = 0;
  double sum_of_squares = 0;
  constexpr int kPairs = 60;
  for (std::uint64_t i = 0; i < kPairs; ++i) {
    const double distance = KernelDistance(normal(30, 4, 2 * i)).of(normal(30, 4, 2 * i + 1));
    sum += distance;
    sum_of_squares += distance * distance;
  }
  const double standard_error = std::sqrt(sum_of_squares) / kPairs;
  EXPECT_LT(std::abs(sum / kPairs), 4 * standard_error);
  EXPECT_LT(4 * standard_error, 2) << "too uncertain to tell a bias of about 3";
}

TEST(KernelDistance, WeightsCountRowsAsIfTheyWereThereSoOftenButNeverAgainstThemselves) {
  const torch::Tensor x = normal(4, 3, 1);
  const KernelDistance distance(normal(10, 3, 2));
  const auto kernels = distance.kernels_of(x);
  const torch::Tensor first_three = torch::tensor({1, 1, 1, 0});
  EXPECT_NEAR(distance.of(kernels, first_three), distance.of(x.narrow(0, 0, 3)), 1e-12);
  // Twice everything is the same set.
  EXPECT_NEAR(distance.of(kernels, torch::full({4}, 2)), distance.of(x), 1e-12);
  EXPECT_THROW((void)distance.of(kernels, torch::tensor({5, 0, 0, 0})), DataError);
}

TEST(KernelDistance, GrowsWithTheShift) {
  const KernelDistance distance(normal(50, 3, 1));
  const torch::Tensor x = normal(50, 3, 2);
  EXPECT_LT(distance.of(x), distance.of(x + 0.5));
  EXPECT_LT(distance.of(x + 0.5), distance.of(x + 2));
}

TEST(KernelDistance, NamesSetsItCannotCompare) {
  EXPECT_THROW(KernelDistance(normal(1, 3, 1)), DataError);
  EXPECT_THROW((void)KernelDistance(normal(5, 3, 1)).of(normal(5, 4, 1)), ShapeError);
}

}  // namespace
}  // namespace kilonat::metrics
