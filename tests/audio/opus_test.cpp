#include "kilonat/audio/opus.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "kilonat/base/errors.h"

namespace kilonat::audio {
namespace {

/// A chord that fades in and out, `seconds` long.
AudioBuffer chord(std::int64_t sample_rate_hz, std::int64_t num_channels, double seconds) {
  const auto length = static_cast<std::int64_t>(seconds * static_cast<double>(sample_rate_hz));
  AudioBuffer buffer = make_buffer(sample_rate_hz, num_channels, length);
  for (std::int64_t c = 0; c < num_channels; ++c) {
    for (std::int64_t i = 0; i < length; ++i) {
      const double t = static_cast<double>(i) / static_cast<double>(sample_rate_hz);
      const double fade = std::sin(std::numbers::pi * t / seconds);
      const double pitch_hz = 330.0 * static_cast<double>(c + 1);
      buffer.channels[static_cast<std::size_t>(c)][static_cast<std::size_t>(i)] =
          static_cast<float>(0.3 * fade *
                             (std::sin(2 * std::numbers::pi * pitch_hz * t) +
                              0.5 * std::sin(2 * std::numbers::pi * 3.01 * pitch_hz * t)));
    }
  }
  return buffer;
}

/// Of channel 0, dB.
double signal_to_noise_db(const AudioBuffer& original, const AudioBuffer& decoded) {
  double signal = 0;
  double noise = 0;
  for (std::size_t i = 0; i < original.channels[0].size(); ++i) {
    signal += std::pow(original.channels[0][i], 2);
    noise += std::pow(original.channels[0][i] - decoded.channels[0][i], 2);
  }
  return 10 * std::log10(signal / noise);
}

TEST(Opus, GivesBackTheSoundAsLongAndAligned) {
  for (const std::int64_t rate_hz : {16000, 44100, 48000}) {
    const AudioBuffer input = chord(rate_hz, 1, 1.0);
    const OpusCoded coded = code_with_opus(input, 96);
    EXPECT_EQ(coded.decoded.num_samples(), input.num_samples());
    EXPECT_EQ(coded.decoded.sample_rate_hz, rate_hz);
    // A shift by one sample at 16 kHz would leave 330 Hz 18 dB above the difference.
    EXPECT_GT(signal_to_noise_db(input, coded.decoded), 25) << rate_hz;
  }
}

TEST(Opus, SpendsTheBitsThatItsBytesSay) {
  const AudioBuffer input = chord(48000, 1, 4.0);
  const OpusCoded coded = code_with_opus(input, 32);
  EXPECT_DOUBLE_EQ(coded.actual_kbps, 8.0 * static_cast<double>(coded.bytes) / 4000);
  EXPECT_NEAR(coded.actual_kbps, 32, 16);  // variable bitrate: a chord is not a mean sound
}

TEST(Opus, IsBetterAtAHigherRate) {
  const AudioBuffer input = chord(48000, 2, 2.0);
  double last_kbps = 0;
  double last_db = -100;
  for (const double kbps : {8.0, 24.0, 96.0}) {
    const OpusCoded coded = code_with_opus(input, kbps);
    const double db = signal_to_noise_db(input, coded.decoded);
    EXPECT_GT(coded.actual_kbps, last_kbps) << kbps;
    EXPECT_GT(db, last_db) << kbps;
    last_kbps = coded.actual_kbps;
    last_db = db;
  }
}

TEST(Opus, CodesSilenceAndASingleSample) {
  EXPECT_EQ(code_with_opus(make_buffer(16000, 1, 1), 16).decoded.num_samples(), 1);
  const OpusCoded silence = code_with_opus(make_buffer(16000, 1, 16000), 16);
  for (const float x : silence.decoded.channels[0]) EXPECT_NEAR(x, 0, 1e-4);
}

TEST(Opus, RefusesWhatItCannotCode) {
  EXPECT_THROW((void)code_with_opus(make_buffer(48000, 3, 100), 16), DataError);
  EXPECT_THROW((void)code_with_opus(make_buffer(48000, 1, 0), 16), DataError);
  EXPECT_THROW((void)code_with_opus(make_buffer(48000, 1, 100), 0.1), ConfigError);
  EXPECT_THROW((void)code_with_opus(make_buffer(48000, 1, 100), 1000), ConfigError);
}

}  // namespace
}  // namespace kilonat::audio
