#include "kilonat/metrics/nearest_neighbour.h"

#include <numbers>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"

namespace kilonat::metrics {
namespace {

constexpr std::int64_t kRate = 16000;

torch::Tensor noise(std::uint64_t seed) {
  return 0.1 * torch::randn({kRate}, tensor::make_generator(seed), torch::TensorOptions());
}

torch::Tensor tone(double hz) {
  return 0.1 * torch::sin(2 * std::numbers::pi * hz / kRate * torch::arange(kRate));
}

double distance(const torch::Tensor& a, const torch::Tensor& b) {
  return nearest_distances(a.unsqueeze(0), b.unsqueeze(0)).item<double>();
}

TEST(SoundStatistics, KnowACopyWhateverItsLevelAndPlace) {
  const torch::Tensor original = sound_statistics(noise(1), kRate);
  const torch::Tensor moved =
      torch::cat({torch::zeros({1600}), 0.3 * noise(1), torch::zeros({8000})});
  // Windows fall elsewhere, and those at the edges see half of the sound: a dB or two in the
  // deviations, while another kind of sound is tens of dB off in most bands.
  EXPECT_LT(distance(sound_statistics(moved, kRate), original), 2.5);
  EXPECT_GT(distance(sound_statistics(tone(440), kRate), original), 10);
  EXPECT_LT(distance(sound_statistics(0.5 * noise(1), kRate), original), 1e-3);
}

TEST(SoundStatistics, TakeClipsOfAnyLengthAndSilence) {
  for (const std::int64_t length : {1, 100, 5000}) {
    EXPECT_TRUE(
        sound_statistics(noise(1).narrow(0, 0, length), kRate).isfinite().all().item<bool>());
  }
  EXPECT_EQ(sound_statistics(torch::zeros({4000}), kRate).abs().max().item<float>(), 0);
}

TEST(NearestDistances, AreRootMeanSquaresToTheNearestRow) {
  const torch::Tensor training = torch::tensor({0.0, 0.0, 3.0, 4.0}).view({2, 2});
  const torch::Tensor rows = torch::tensor({3.0, 3.0, -1.0, -1.0}).view({2, 2});
  const torch::Tensor found = nearest_distances(rows, training);
  EXPECT_NEAR(found[0].item<double>(), std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(found[1].item<double>(), 1, 1e-12);
  EXPECT_EQ(nearest_distances(training, training).max().item<double>(), 0);
  EXPECT_THROW((void)nearest_distances(rows, torch::zeros({3, 3})), ShapeError);
  EXPECT_THROW((void)nearest_distances(rows, training.narrow(0, 0, 0)), DataError);
}

}  // namespace
}  // namespace kilonat::metrics
