#include "kilonat/metrics/sound_set.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"

namespace kilonat::metrics {
namespace {

SoundJudge make_judge() {
  SoundClassifier network(ClassifierOptions{.shortest_s = 1, .width = 4},
                          std::vector<std::string>{"bell", "dog"},
                          tensor::make_generator(1));
  network->eval();
  return SoundJudge(network);
}

/// A decaying chord below 4 kHz.
audio::AudioBuffer chord(std::int64_t sample_rate_hz, double amplitude, double hz = 440) {
  audio::AudioBuffer buffer = audio::make_buffer(sample_rate_hz, 1, 2 * sample_rate_hz);
  for (std::size_t i = 0; i < buffer.channels[0].size(); ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(sample_rate_hz);
    double value = 0;
    for (int k = 1; k <= 4; ++k) value += std::sin(2 * std::numbers::pi * hz * k * t) / k;
    buffer.channels[0][i] = static_cast<float>(amplitude * std::exp(-2 * t) * value);
  }
  return buffer;
}

TEST(SoundJudge, HearsClipsOfAnyRateAndLevelAlike) {
  SoundJudge judge = make_judge();
  const SoundSet set = judge.judge(3, [](std::size_t i) -> SoundJudge::NamedClip {
    if (i == 0) return {"a", "bell", chord(16000, 0.2)};
    if (i == 1) return {"b", "dog", chord(44100, 0.02)};
    return {"c", "cat", chord(16000, 0.2, 700)};
  });
  EXPECT_EQ(set.classes, (std::vector<std::int64_t>{0, 1, -1}));
  EXPECT_NEAR(set.durations_s[1], 2, 1e-9);
  const torch::Tensor& rows = set.embeddings.at("classifier").rows_ND;
  const double same = (rows[0] - rows[1]).norm().item<double>();
  const double other = (rows[0] - rows[2]).norm().item<double>();
  // What differs is the resampler's ripple and the loudness filter at another rate: below 0.1 dB.
  EXPECT_LT(same, 0.05 * other);
}

TEST(SoundJudge, LeavesOutClipsThatCannotBeRead) {
  SoundJudge judge = make_judge();
  int heard = 0;
  const auto clip = [](std::size_t i) -> SoundJudge::NamedClip {
    if (i == 1) throw DataError("no sound");
    return {"clip", "bell", chord(16000, 0.1 + static_cast<double>(i))};
  };
  const SoundSet set = judge.judge(3, clip, [&] { ++heard; });
  EXPECT_EQ(set.size(), 2);
  EXPECT_EQ(heard, 3);
  EXPECT_EQ(set.embeddings.at("classifier").clips, (std::vector<std::int64_t>{0, 1}));
  EXPECT_THROW((void)judge.judge(2, clip), DataError);
}

TEST(SoundJudge, HasAnOpinionOfSilence) {
  SoundJudge judge = make_judge();
  const SoundSet set = judge.judge(2, [](std::size_t) -> SoundJudge::NamedClip {
    return {"silence", "", audio::make_buffer(16000, 1, 16000)};
  });
  EXPECT_TRUE(set.log_posteriors_NK.isfinite().all().item<bool>());
  EXPECT_TRUE(set.statistics_ND.isfinite().all().item<bool>());
}

}  // namespace
}  // namespace kilonat::metrics
