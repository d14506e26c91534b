#include "kilonat/audio/loudness.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "kilonat/audio/mix.h"

namespace kilonat::audio {
namespace {

AudioBuffer sine(double amplitude, double seconds) {
  AudioBuffer buffer = make_buffer(48000, 1, std::llround(48000 * seconds));
  for (std::size_t i = 0; i < buffer.channels[0].size(); ++i) {
    buffer.channels[0][i] = static_cast<float>(
        amplitude * std::sin(2 * std::numbers::pi * 997.0 * static_cast<double>(i) / 48000));
  }
  return buffer;
}

TEST(Loudness, OfAFullScaleSineIsTheStandardsMinus3) {
  // BS.1770: 0 dBFS, 997 Hz in one channel reads -3.01 LUFS.
  EXPECT_NEAR(integrated_lufs(sine(1, 2)), -3.01, 0.05);
  EXPECT_NEAR(integrated_lufs(sine(0.1, 2)), -23.01, 0.05);
}

TEST(Loudness, OfSilenceIsTheFloorAndItsGainIsOne) {
  const double lufs = integrated_lufs(make_buffer(48000, 2, 48000));
  EXPECT_EQ(lufs, kSilenceLufs);
  EXPECT_EQ(normalisation_gain(lufs, 0, -16), 1);
}

TEST(Loudness, TakesClipsThatAreShorterThanTheStandardsBlock) {
  EXPECT_GT(integrated_lufs(sine(0.5, 0.1)), -30);
  EXPECT_LT(integrated_lufs(sine(0.5, 0.1)), integrated_lufs(sine(0.5, 1)));
}

TEST(NormalisationGain, ReachesTheTargetUnlessThePeakForbids) {
  AudioBuffer quiet = sine(0.01, 1);
  apply_gain_(quiet, normalisation_gain(integrated_lufs(quiet), peak(quiet), -16));
  EXPECT_NEAR(integrated_lufs(quiet), -16, 0.05);
  EXPECT_DOUBLE_EQ(normalisation_gain(-30, 0.5, -6), 2);  // not the 15.8 that -6 LUFS asks for
}

}  // namespace
}  // namespace kilonat::audio
