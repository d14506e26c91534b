/// The parts of ViSQOL, each against what can be known without its program.

#include <cmath>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "kilonat/base/seed_tree.h"
#include "kilonat/metrics/visqol/alignment.h"
#include "kilonat/metrics/visqol/correlation.h"
#include "kilonat/metrics/visqol/gammatone.h"
#include "kilonat/metrics/visqol/nsim.h"
#include "kilonat/metrics/visqol/patch_matching.h"
#include "kilonat/metrics/visqol/spectrogram.h"

namespace kilonat::metrics::visqol {
namespace {

constexpr double kRateHz = 48000;

std::vector<double> noise(std::size_t size, const char* name) {
  Rng rng(SeedTree(3).child(name));
  std::vector<double> samples(size);
  for (double& sample : samples) sample = 2 * rng.uniform() - 1;
  return samples;
}

std::vector<double> sine(double frequency_hz, std::size_t size) {
  std::vector<double> samples(size);
  for (std::size_t i = 0; i < size; ++i) {
    samples[i] = std::sin(2 * std::numbers::pi * frequency_hz * static_cast<double>(i) / kRateHz);
  }
  return samples;
}

/// Levels that no two frames share.
Spectrogram random_levels(std::size_t num_frames, const char* name) {
  Rng rng(SeedTree(5).child(name));
  Spectrogram levels(num_frames);
  for (std::size_t f = 0; f < num_frames; ++f) {
    for (double& value : levels.bands(f)) value = 45 * rng.uniform();
  }
  levels.copy_outermost_bands();
  return levels;
}

TEST(CentreFrequencies, RiseFromFiftyHertzToTheOfficialValues) {
  const Bands centres = centre_frequencies_hz(kRateHz);
  EXPECT_NEAR(centres[0], 50, 1e-9);
  EXPECT_NEAR(centres[26], 10261.0866, 1e-4);  // stated by the official tests to so many digits
  EXPECT_NEAR(centres[31], 20844.785, 1e-3);
  for (std::size_t i = 1; i < kNumBands; ++i) EXPECT_GT(centres[i], centres[i - 1]);
}

TEST(GammatoneBank, HearsASineAtItsLevelInItsBandAndLessFurtherOff) {
  const GammatoneBank bank(48000);
  EXPECT_EQ(bank.frame_samples(), 3840u);
  EXPECT_EQ(bank.hop_samples(), 960u);
  const Bands centres = centre_frequencies_hz(kRateHz);
  // A sine's RMS times that of a Hann window; low bands, whose filters take long to swing in, and
  // the highest, which aliases, are left out.
  const double expected = std::sqrt(0.5) * std::sqrt(3.0 / 8);
  for (std::size_t band = 12; band < 30; ++band) {
    const Bands rms = bank.rms(sine(centres[band], bank.frame_samples()));
    EXPECT_NEAR(rms[band], expected, 0.02 * expected) << band;
    EXPECT_GT(rms[band], rms[band - 1]);
    EXPECT_GT(rms[band - 1], rms[band - 3]);
    EXPECT_GT(rms[band], rms[band + 1]);
  }
}

TEST(Levels, SpanNoMoreThanTheRangeAndStartAtZero) {
  const GammatoneBank bank(48000);
  Spectrogram a = amplitudes(noise(9600, "a"), bank);
  Spectrogram b = amplitudes(std::vector<double>(9600), bank);
  EXPECT_EQ(a.num_frames(), 7u);  // 1 + (9600 - 3840) / 960
  EXPECT_FALSE(is_below_floor(a));
  EXPECT_TRUE(is_below_floor(b));
  amplitudes_to_levels(a, b);
  double least = 1e9;
  double most = 0;
  for (Spectrogram* levels : {&a, &b}) {
    for (std::size_t f = 0; f < levels->num_frames(); ++f) {
      for (const double value : levels->bands(f)) {
        least = std::min(least, value);
        most = std::max(most, value);
      }
    }
  }
  EXPECT_EQ(least, 0);
  EXPECT_LE(most, 45 + 5);  // frames differ in their loudest band, and so in their floors
  EXPECT_GT(most, 30);
}

TEST(BestLag, FindsByHowMuchASignalIsLater) {
  const std::vector<double> base = noise(500, "base");
  for (const int shift : {0, 1, 37, 200}) {
    std::vector<double> later(static_cast<std::size_t>(shift), 0.0);
    later.insert(later.end(), base.begin(), base.end());
    EXPECT_EQ(best_lag(later, base), shift);
    EXPECT_EQ(best_lag(base, later), -shift);
  }
}

TEST(Align, ShiftsByTheLagUnlessItIsTooLong) {
  const std::vector<double> base = noise(4000, "base");
  std::vector<double> late(300, 0.0);
  late.insert(late.end(), base.begin(), base.end());
  EXPECT_EQ(align(base, late).degraded, base);
  EXPECT_EQ(align(base, late).lag_samples, -300);
  EXPECT_EQ(align(late, base).degraded, late);

  std::vector<double> far(2600, 0.0);
  far.insert(far.end(), base.begin(), base.end());
  EXPECT_EQ(align(base, far).lag_samples, 0);
  EXPECT_EQ(align(base, far).degraded, far);
}

TEST(Envelope, IsTwiceTheDistanceFromTheMean) {
  const std::vector<double> signal = noise(1000, "signal");
  double mean = 0;
  for (const double sample : signal) mean += sample / 1000;
  const std::vector<double> result = envelope(signal);
  for (std::size_t i = 0; i < signal.size(); ++i) {
    // Up to the term at half the rate: 2 |sum| / 1024, a random walk's end.
    EXPECT_NEAR(result[i], 2 * std::abs(signal[i] - mean) + mean, 0.15);
  }
}

TEST(Nsim, IsOneForEqualPatchesSymmetricAndAtMostOne) {
  const Spectrogram a = random_levels(30, "a");
  const Spectrogram b = random_levels(30, "b");
  const Patch of_a{a.row(0), 30};
  const Patch of_b{b.row(0), 30};
  for (const double band : band_similarities(of_a, of_a)) EXPECT_DOUBLE_EQ(band, 1);
  const Bands forth = band_similarities(of_a, of_b);
  const Bands back = band_similarities(of_b, of_a);
  for (std::size_t i = 0; i < kNumBands; ++i) {
    EXPECT_NEAR(forth[i], back[i], 1e-12);  // the same sums, by another order of factors
    EXPECT_LT(forth[i], 1);
  }
}

TEST(Nsim, IsTheMeanOfLuminanceTimesStructureOnAFlatPatch) {
  Spectrogram a(4);
  Spectrogram b(4);
  for (std::size_t f = 0; f < 4; ++f) {
    for (double& value : a.bands(f)) value = 2;
    for (double& value : b.bands(f)) value = 3;
  }
  a.copy_outermost_bands();
  b.copy_outermost_bands();
  // No structure: only the luminance term (2 * 2 * 3 + c1) / (4 + 9 + c1) is left. The window's
  // weights sum to 1 within 1e-15, and its rounding is divided by c3 = 4.5e-4.
  const double expected = (12 + 1e-4) / (13 + 1e-4);
  EXPECT_NEAR(mean(band_similarities({a.row(0), 4}, {b.row(0), 4})), expected, 1e-9);
}

TEST(PatchStarts, AreThoseOfTheOfficialProgram) {
  EXPECT_EQ(patch_starts(45, 45), (std::vector<std::size_t>{14}));
  EXPECT_EQ(patch_starts(46, 46), (std::vector<std::size_t>{14}));
  EXPECT_EQ(patch_starts(76, 76), (std::vector<std::size_t>{14, 44}));
  EXPECT_EQ(patch_starts(619, 619).size(), 20u);  // guitar48_stereo, stated by an official test
  EXPECT_EQ(patch_starts(619, 247).size(), 9u);   // against its first five seconds
  EXPECT_EQ(patch_starts(619, 1).size(), 1u);
}

TEST(MatchPatches, FindsPatchesThatWereMoved) {
  const Spectrogram reference = random_levels(110, "reference");
  Spectrogram degraded(130);
  // 20 frames of something else between the first and the second patch.
  const Spectrogram other = random_levels(20, "other");
  for (std::size_t f = 0; f < 130; ++f) {
    const Spectrogram& from = f >= 44 && f < 64 ? other : reference;
    const std::size_t at = f < 44 ? f : (f < 64 ? f - 44 : f - 20);
    for (std::size_t b = 0; b < kNumBands; ++b) degraded.bands(f)[b] = from.row(at)[b + 1];
  }
  degraded.copy_outermost_bands();
  degraded.append_floor(kPatchFrames);
  const auto matches = match_patches(reference, {14, 44, 74}, degraded, 130);
  EXPECT_EQ(matches, (std::vector<std::optional<std::size_t>>{14, 64, 94}));
}

TEST(MatchPatches, KeepTheirOrderWhereOneIsMissing) {
  const Spectrogram reference = random_levels(110, "reference");
  Spectrogram degraded(80);
  // The second patch is cut out.
  for (std::size_t f = 0; f < 80; ++f) {
    const std::size_t at = f < 44 ? f : f + 30;
    for (std::size_t b = 0; b < kNumBands; ++b) degraded.bands(f)[b] = reference.row(at)[b + 1];
  }
  degraded.copy_outermost_bands();
  degraded.append_floor(kPatchFrames);
  const auto matches = match_patches(reference, {14, 44, 74}, degraded, 80);
  EXPECT_EQ(matches[0], 14u);
  EXPECT_TRUE(!matches[1] || (*matches[1] > 14u && *matches[1] < 44u));
  EXPECT_EQ(matches[2], 44u);
}

TEST(MatchPatches, LeaveOutAPatchForWhichThereIsNoRoom) {
  const Spectrogram reference = random_levels(110, "reference");
  Spectrogram degraded = random_levels(1, "degraded");
  degraded.append_floor(kPatchFrames);
  const auto matches = match_patches(reference, {14, 44}, degraded, 1);
  EXPECT_EQ(matches, (std::vector<std::optional<std::size_t>>{0, std::nullopt}));
}

}  // namespace
}  // namespace kilonat::metrics::visqol
