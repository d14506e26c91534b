#include "kilonat/train/visqol_eval.h"

#include <limits>
#include <string>

#include "base/expect_error.h"
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"

namespace kilonat::train {
namespace {

constexpr std::int64_t kRateHz = 16000;

Clip noise_clip(double seconds, std::uint64_t seed) {
  const auto num_samples = static_cast<std::int64_t>(seconds * kRateHz);
  const torch::Tensor audio =
      0.2 * torch::randn({2, num_samples}, tensor::make_generator(seed), torch::TensorOptions());
  return {"noise", audio, 1.0, seconds};
}

TEST(VisqolScores, CompareClipsOfAnyRateAndChannels) {
  const metrics::Visqol visqol;
  const Clip clip = noise_clip(1, 1);
  const auto equal = visqol_scores(visqol, clip, clip.audio_CT, kRateHz);
  const auto noisy =
      visqol_scores(visqol, clip, clip.audio_CT + noise_clip(1, 2).audio_CT, kRateHz);
  ASSERT_TRUE(equal.has_value() && noisy.has_value());
  EXPECT_NEAR(equal->nsim, 1, 1e-9);  // rounding of flat patches, over NSIM's constant of 4.5e-4
  EXPECT_LT(noisy->nsim, 0.95);
  EXPECT_FALSE(equal->moslqo.has_value());
}

TEST(VisqolScores, AreAbsentForShortAndSilentClips) {
  const metrics::Visqol visqol;
  const Clip brief = noise_clip(0.5, 1);
  EXPECT_FALSE(visqol_scores(visqol, brief, brief.audio_CT, kRateHz).has_value());
  const Clip silent{"silent", torch::zeros({1, kRateHz}), 1.0, 1.0};
  EXPECT_FALSE(visqol_scores(visqol, silent, silent.audio_CT, kRateHz).has_value());
}

TEST(VisqolScores, NameTheClipWhoseReconstructionIsNotFinite) {
  const metrics::Visqol visqol;
  const Clip clip = noise_clip(1, 1);
  const torch::Tensor broken = clip.audio_CT * std::numeric_limits<float>::quiet_NaN();
  const std::string message = testing::message_of<NumericError>(
      [&] { (void)visqol_scores(visqol, clip, broken, kRateHz); });
  EXPECT_EQ(message, "measuring 'noise': ViSQOL: the degraded sound holds NaN or infinity");
}

TEST(VisqolMean, WeighsByDurationAndCountsWhatIsLeftOut) {
  VisqolMean mean;
  EXPECT_FALSE(mean.mean().has_value());
  mean.add(std::nullopt, 7);
  EXPECT_FALSE(mean.mean().has_value());
  mean.add(VisqolScores{.moslqo = 4, .nsim = 0.9}, 1);
  mean.add(VisqolScores{.moslqo = 2, .nsim = 0.5}, 3);
  EXPECT_DOUBLE_EQ(*mean.mean()->moslqo, 2.5);
  EXPECT_DOUBLE_EQ(mean.mean()->nsim, 0.6);
  EXPECT_EQ(mean.num_left_out(), 1);
}

}  // namespace
}  // namespace kilonat::train
