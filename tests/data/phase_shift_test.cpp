#include "kilonat/data/phase_shift.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace kilonat::data {
namespace {

constexpr double kTurnPerSample = 0.3;  // of the tone, in radians: 382 Hz at 8 kHz

/// Two seconds of a tone at 8 kHz; the second channel has half its level.
audio::AudioBuffer tone() {
  audio::AudioBuffer clip = audio::make_buffer(8000, 2, 16000);
  for (std::size_t i = 0; i < 16000; ++i) {
    const auto value = static_cast<float>(0.5 * std::cos(kTurnPerSample * static_cast<double>(i)));
    clip.channels[0][i] = value;
    clip.channels[1][i] = value / 2;
  }
  return clip;
}

TEST(PhaseShift, TurnsAToneByTheAngle) {
  constexpr double kAngle_rad = 1.1;
  constexpr std::size_t kStart = 5000;
  const audio::AudioBuffer turned = phase_shifted(tone(), kStart, 700, kAngle_rad);
  ASSERT_EQ(turned.num_samples(), 700);
  ASSERT_EQ(turned.num_channels(), 2);
  EXPECT_EQ(turned.sample_rate_hz, 8000);
  for (std::size_t i = 0; i < 700; ++i) {
    const double phase = kTurnPerSample * static_cast<double>(kStart + i) + kAngle_rad;
    EXPECT_NEAR(turned.channels[0][i], 0.5 * std::cos(phase), 2e-3) << i;
    EXPECT_NEAR(turned.channels[1][i], 0.5 * turned.channels[0][i], 1e-6) << i;
  }
}

TEST(PhaseShift, ByNothingIsTheStretchAndByPiTheStretchTurnedOver) {
  audio::AudioBuffer clip = tone();
  for (float& sample : clip.channels[0]) sample += 0.1F;  // what has no phase, too
  for (const std::int64_t start : {std::int64_t{0}, std::int64_t{6001}, std::int64_t{15000}}) {
    const audio::AudioBuffer same = phase_shifted(clip, start, 1000, 0);
    const audio::AudioBuffer turned = phase_shifted(clip, start, 1000, std::numbers::pi);
    for (std::size_t i = 0; i < 1000; ++i) {
      const float sample = clip.channels[0][static_cast<std::size_t>(start) + i];
      EXPECT_NEAR(same.channels[0][i], sample, 1e-6);
      EXPECT_NEAR(turned.channels[0][i], -sample, 1e-6);
    }
  }
}

TEST(PhaseShift, TakesAClipShorterThanWhatIsAroundAStretch) {
  audio::AudioBuffer clip = audio::make_buffer(8000, 1, 1);
  clip.channels[0][0] = 0.5F;
  EXPECT_NEAR(phase_shifted(clip, 0, 1, 1.0).channels[0][0], 0.5 * std::cos(1.0), 1e-2);
}

}  // namespace
}  // namespace kilonat::data
