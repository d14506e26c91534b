#include "kilonat/metrics/distances.h"

#include <set>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"

namespace kilonat::metrics {
namespace {

torch::Tensor noise(std::int64_t num_samples, std::uint64_t seed) {
  return 0.3 * torch::randn({1, num_samples}, tensor::make_generator(seed), torch::TensorOptions());
}

TEST(DistanceMeter, FindsNoDistanceBetweenEqualSounds) {
  const DistanceMeter meter(16000);
  const Distances distances = meter.measure(noise(8000, 1), noise(8000, 1));
  EXPECT_EQ(distances.mel_distance, 0);
  EXPECT_EQ(distances.stft_distance, 0);
  EXPECT_EQ(distances.waveform_l1, 0);
  EXPECT_GT(*distances.si_sdr_db, 60);
}

TEST(DistanceMeter, GrowsWithTheError) {
  const DistanceMeter meter(16000);
  const torch::Tensor original = noise(8000, 1);
  const Distances near = meter.measure(original, original + 0.1 * noise(8000, 2));
  const Distances far = meter.measure(original, original + noise(8000, 2));
  EXPECT_LT(near.mel_distance, far.mel_distance);
  EXPECT_LT(near.stft_distance, far.stft_distance);
  EXPECT_LT(near.waveform_l1, far.waveform_l1);
  // The error has a hundredth, or all, of the signal's power.
  EXPECT_NEAR(*near.si_sdr_db, 20, 0.5);
  EXPECT_NEAR(*far.si_sdr_db, 0, 0.5);
  EXPECT_LT(far.mel_distance, meter.of_silence(original).mel_distance);
}

TEST(DistanceMeter, TakesClipsOfAnyLength) {
  const DistanceMeter meter(16000);
  for (const std::int64_t length : {1, 31, 500, 3000}) {
    EXPECT_TRUE(std::isfinite(meter.measure(noise(length, 1), noise(length, 2)).mel_distance));
  }
  EXPECT_THROW((void)meter.measure(noise(10, 1), noise(11, 1)), ShapeError);
  EXPECT_THROW((void)meter.measure(torch::zeros({1, 0}), torch::zeros({1, 0})), ShapeError);
}

TEST(DistanceMeter, HasNoRatioForSilence) {
  const DistanceMeter meter(16000);
  EXPECT_FALSE(meter.measure(torch::zeros({1, 4000}), noise(4000, 1)).si_sdr_db.has_value());
}

TEST(DistanceMeter, RepeatsOrCutsTheOtherClip) {
  const DistanceMeter meter(16000);
  const torch::Tensor original = noise(5000, 1);
  EXPECT_EQ(meter.of_another(original, torch::cat({original, noise(100, 2)}, 1)).mel_distance, 0);
  EXPECT_GT(meter.of_another(original, noise(1000, 2)).mel_distance, 0);
}

TEST(ShuffledPartners, GiveEachClipAnotherOne) {
  for (const std::size_t count : {2u, 3u, 50u}) {
    const auto partners = shuffled_partners(count, 7);
    EXPECT_EQ(std::set(partners.begin(), partners.end()).size(), count);
    for (std::size_t i = 0; i < count; ++i) EXPECT_NE(partners[i], i);
  }
  EXPECT_TRUE(shuffled_partners(1, 7).empty());
}

TEST(DistanceMean, WeighsByDurationAndRatiosByThoseThatExist) {
  DistanceMean mean;
  EXPECT_EQ(mean.mean().mel_distance, 0);
  mean.add({.mel_distance = 1, .si_sdr_db = 4}, 1);
  mean.add({.mel_distance = 3}, 3);
  EXPECT_DOUBLE_EQ(mean.mean().mel_distance, 2.5);
  EXPECT_DOUBLE_EQ(*mean.mean().si_sdr_db, 4);
  EXPECT_DOUBLE_EQ(mean.seconds(), 4);
}

}  // namespace
}  // namespace kilonat::metrics
