#include "kilonat/audio/resample.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace kilonat::audio {
namespace {

AudioBuffer sine(std::int64_t sample_rate_hz, double frequency_hz, std::int64_t num_samples) {
  AudioBuffer buffer = make_buffer(sample_rate_hz, 1, num_samples);
  for (std::int64_t i = 0; i < num_samples; ++i) {
    const double phase = 2 * std::numbers::pi * frequency_hz * static_cast<double>(i) /
                         static_cast<double>(sample_rate_hz);
    buffer.channels[0][static_cast<std::size_t>(i)] = static_cast<float>(std::sin(phase));
  }
  return buffer;
}

TEST(Resample, KeepsASineInPlace) {
  for (const std::int64_t rate : {16000, 22050, 48000}) {
    const AudioBuffer output = resample(sine(44100, 440, 44100), rate);
    EXPECT_NEAR(static_cast<double>(output.num_samples()), static_cast<double>(rate), 1);
    const AudioBuffer expected = sine(rate, 440, rate);
    // Away from the ends, where the filter sees silence: 20 bit quality is 1e-6 of full scale.
    for (std::int64_t i = rate / 10; i < rate * 9 / 10; ++i) {
      const auto index = static_cast<std::size_t>(i);
      ASSERT_NEAR(output.channels[0][index], expected.channels[0][index], 1e-4) << rate;
    }
  }
}

TEST(Resample, GivesTheSameInPieces) {
  const AudioBuffer input = sine(44100, 300, 30000);
  const AudioBuffer whole = resample(input, 16000);
  Resampler resampler(44100, 16000, 1);
  std::vector<float> joined;
  for (std::int64_t first = 0; first < 30000; first += 7000) {
    AudioBuffer piece = make_buffer(44100, 1, 0);
    const auto end = std::min<std::int64_t>(30000, first + 7000);
    piece.channels[0].assign(input.channels[0].begin() + first, input.channels[0].begin() + end);
    const AudioBuffer output = resampler.push(piece);
    joined.insert(joined.end(), output.channels[0].begin(), output.channels[0].end());
  }
  const AudioBuffer rest = resampler.finish();
  joined.insert(joined.end(), rest.channels[0].begin(), rest.channels[0].end());
  EXPECT_EQ(joined, whole.channels[0]);
}

TEST(Resample, PassesEqualRatesThrough) {
  const AudioBuffer input = sine(8000, 100, 800);
  EXPECT_EQ(resample(input, 8000).channels, input.channels);
  Resampler resampler(8000, 8000, 1);
  EXPECT_EQ(resampler.push(input).channels, input.channels);
  EXPECT_EQ(resampler.finish().num_samples(), 0);
}

}  // namespace
}  // namespace kilonat::audio
