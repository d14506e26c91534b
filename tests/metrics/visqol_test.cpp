#include "kilonat/metrics/visqol/visqol.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "base/expect_error.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/seed_tree.h"

namespace kilonat::metrics {
namespace {

using ::testing::HasSubstr;

/// Notes of a falling pitch, eight a second, with overtones: full of onsets, as alignment needs.
MonoSound melody(double seconds, std::int64_t sample_rate_hz = kVisqolRateHz) {
  MonoSound sound{sample_rate_hz, {}};
  const auto num_samples = static_cast<std::size_t>(seconds * static_cast<double>(sample_rate_hz));
  for (std::size_t i = 0; i < num_samples; ++i) {
    const double time_s = static_cast<double>(i) / static_cast<double>(sample_rate_hz);
    const double note_s = std::fmod(time_s, 0.125);
    const double pitch_hz = 800 / (1 + std::floor(time_s * 8) / 8);
    double sample = 0;
    for (int k = 1; k <= 10; ++k) {
      sample += std::sin(2 * std::numbers::pi * pitch_hz * k * note_s) / k;
    }
    sound.samples.push_back(0.2 * sample * std::exp(-20 * note_s));
  }
  return sound;
}

MonoSound with_noise(MonoSound sound, double amplitude) {
  Rng rng(SeedTree(7).child("noise"));
  for (double& sample : sound.samples) sample += amplitude * (2 * rng.uniform() - 1);
  return sound;
}

MonoSound silence(double seconds) {
  return {kVisqolRateHz, std::vector<double>(static_cast<std::size_t>(seconds * kVisqolRateHz))};
}

double similarity(const MonoSound& reference, const MonoSound& degraded) {
  return Visqol().measure(reference, degraded).vnsim;
}

TEST(Visqol, FindsEqualSoundsPerfect) {
  const MonoSound sound = melody(2);
  const VisqolResult result = Visqol().measure(sound, sound);
  // Exactly 1 where no variance rounds below zero; such a cell is off by 1e-13 / c3 (4.5e-4).
  EXPECT_NEAR(result.vnsim, 1, 1e-9);
  for (const double band : result.fvnsim) EXPECT_NEAR(band, 1, 1e-9);
  EXPECT_EQ(result.lag_s, 0);
  EXPECT_EQ(result.num_unmatched, 0u);
  EXPECT_EQ(result.num_patches, 2u);  // 97 frames: from frames 14 and 44; 74 is too late
  EXPECT_FALSE(result.is_reference_silent);
}

TEST(Visqol, HasNoScoreWithoutAModel) {
  EXPECT_FALSE(Visqol().has_model());
  EXPECT_FALSE(Visqol().measure(melody(1), melody(1)).moslqo.has_value());
}

TEST(Visqol, FallsAsNoiseRises) {
  const MonoSound sound = melody(2);
  double last = 1;
  for (const double amplitude : {0.001, 0.003, 0.01, 0.03, 0.1, 0.3}) {
    const double next = similarity(sound, with_noise(sound, amplitude));
    EXPECT_LT(next, last) << amplitude;
    last = next;
  }
  EXPECT_LT(last, 0.7);
}

TEST(Visqol, DoesNotHearTheDegradedSoundsLevel) {
  const MonoSound sound = melody(2);
  const MonoSound noisy = with_noise(sound, 0.01);
  MonoSound quiet = noisy;
  for (double& sample : quiet.samples) sample *= 0.1;
  // Equal up to the rounding of the gain, which NSIM's steepest spots (1 / c3) enlarge.
  EXPECT_NEAR(similarity(sound, quiet), similarity(sound, noisy), 1e-6);
}

TEST(Visqol, UndoesADelay) {
  const MonoSound sound = melody(2);
  MonoSound late = sound;
  late.samples.insert(late.samples.begin(), 1234, 0.0);
  const VisqolResult result = Visqol().measure(sound, late);
  EXPECT_DOUBLE_EQ(result.lag_s, -1234.0 / kVisqolRateHz);
  EXPECT_GT(result.vnsim, 0.999);  // not 1: the last patches differ by the tail
}

TEST(Visqol, FindsTheBandThatIsMissing) {
  MonoSound sound = with_noise(silence(1.5), 0.3);
  MonoSound smoothed = sound;
  // The mean of two samples lets nothing through at half the rate and nearly all at 50 Hz.
  for (std::size_t i = 1; i < sound.samples.size(); ++i) {
    smoothed.samples[i] = 0.5 * (sound.samples[i] + sound.samples[i - 1]);
  }
  const VisqolResult result = Visqol().measure(sound, smoothed);
  EXPECT_LT(result.fvnsim.back(), result.fvnsim[16]);
}

TEST(Visqol, LeavesJudgingSilenceToItsCaller) {
  const VisqolResult result = Visqol().measure(silence(1), with_noise(silence(1), 0.3));
  EXPECT_TRUE(result.is_reference_silent);
  EXPECT_TRUE(std::isfinite(result.vnsim));
  EXPECT_TRUE(Visqol().measure(silence(1), silence(1)).is_reference_silent);
  EXPECT_TRUE(Visqol().measure(with_noise(silence(1), 1e-6), silence(1)).is_reference_silent);
}

TEST(Visqol, FindsASilentDegradedSoundBad) {
  const double of_silence = similarity(melody(2), silence(2));
  EXPECT_TRUE(std::isfinite(of_silence));
  EXPECT_LT(of_silence, similarity(melody(2), with_noise(melody(2), 0.3)));
}

TEST(Visqol, TakesOtherRatesAndLengths) {
  EXPECT_NEAR(similarity(melody(2, 44100), melody(2, 44100)), 1, 1e-9);
  EXPECT_GT(similarity(melody(3), melody(1)), 0.5);
  EXPECT_GT(similarity(melody(1), melody(3)), 0.5);
  EXPECT_TRUE(std::isfinite(similarity(melody(2), melody(0.1))));
}

TEST(Visqol, RefusesWhatItCannotScore) {
  using kilonat::testing::message_of;
  const Visqol visqol;
  const auto message = [&](const MonoSound& reference, const MonoSound& degraded) {
    return message_of<DataError>([&] { (void)visqol.measure(reference, degraded); });
  };
  MonoSound shortest = melody(1);
  shortest.samples.resize(kVisqolMinSamples);
  EXPECT_NO_THROW((void)visqol.measure(shortest, shortest));
  shortest.samples.pop_back();
  EXPECT_THAT(message(shortest, melody(1)), HasSubstr("46079 samples (0.960 s), at least 46080"));
  EXPECT_THAT(message(silence(0), silence(0)), HasSubstr("reference sound has 0 samples"));
  EXPECT_THAT(message(melody(1), silence(0)), HasSubstr("degraded sound has 0 samples"));
  EXPECT_THAT(message(melody(1), melody(0.08)), HasSubstr("degraded sound has 3840 samples"));
  EXPECT_THAT(message(melody(1), melody(1, 44100)), HasSubstr("44100 Hz"));
  EXPECT_THAT(message(melody(1, 4000), melody(1, 4000)), HasSubstr("at least 8000"));
  MonoSound broken = melody(1);
  broken.samples[5] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW((void)visqol.measure(melody(1), broken), NumericError);
}

TEST(VisqolInput, IsTheMeanOfTheChannelsAt48kHz) {
  audio::AudioBuffer stereo = audio::make_buffer(24000, 2, 24000);
  for (float& sample : stereo.channels[0]) sample = 0.5F;
  const MonoSound sound = visqol_input(stereo);
  EXPECT_EQ(sound.sample_rate_hz, kVisqolRateHz);
  EXPECT_NEAR(static_cast<double>(sound.samples.size()), 48000, 1);
  EXPECT_NEAR(sound.samples[24000], 0.25, 1e-5);  // 20 bit in the resampler
  EXPECT_EQ(mix_to_mono(stereo).samples.size(), 24000u);
}

}  // namespace
}  // namespace kilonat::metrics
