#include "kilonat/data/procedural/gaussian.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/data/procedural_source.h"
#include "kilonat/metrics/signal_measures.h"

namespace kilonat::data {
namespace {

using procedural::GaussianSource;
using procedural::kGaussianVariance;

constexpr int kNumBands = 32;
constexpr double kBand_hz = 8000.0 / kNumBands;

std::unique_ptr<Source> open(const std::string& name, const std::string& options) {
  return make_procedural_source(parse_procedural("procedural:" + name + options));
}

/// Power of the source in one of the bands, by the midpoint rule.
double power_in_band(const GaussianSource& source, int band) {
  constexpr int kPoints = 64;
  double sum = 0;
  for (int i = 0; i < kPoints; ++i) {
    sum += source.density(std::numbers::pi * (band + (i + 0.5) / kPoints) / kNumBands);
  }
  return sum / kPoints / kNumBands;
}

class Gaussian : public ::testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] const GaussianSource& source() const {
    return *procedural::find_gaussian(GetParam());
  }
};

TEST_P(Gaussian, HasTheVarianceThatItsDensityAddsUpTo) {
  double power = 0;
  for (int band = 0; band < kNumBands; ++band) power += power_in_band(source(), band);
  // The midpoint rule over 2048 points is exact for these spectra (0.9^4096).
  EXPECT_NEAR(power / kGaussianVariance, 1, 1e-12);
}

// 16 clips of 2.5 s have 320000 values of the periodogram, 10000 in each of 32 bands, and a Hann
// window leaves half of them independent: a band's power has a relative deviation of 1.4 %.
// Tolerance: five of them. Into other bands the window leaks less than 1e-6 of the power (its
// sidelobes fall by 18 dB an octave, a band is 600 bins wide).
TEST_P(Gaussian, HasTheSpectrumThatItClaims) {
  std::vector<double> measured(kNumBands, 0.0);
  double total = 0;
  const auto clips = open(GetParam(), ",clips=16");
  for (std::size_t i = 0; i < clips->size(); ++i) {
    const auto spectrum = metrics::spectrum(metrics::mono(clips->read(i)));
    total += spectrum.energy(0, 8000);
    for (int b = 0; b < kNumBands; ++b) {
      measured[static_cast<std::size_t>(b)] += spectrum.energy(b * kBand_hz, (b + 1) * kBand_hz);
    }
  }
  for (int b = 0; b < kNumBands; ++b) {
    const double expected = power_in_band(source(), b) / kGaussianVariance;
    EXPECT_NEAR(measured[static_cast<std::size_t>(b)] / total, expected, 0.07 * expected + 1e-6)
        << "band " << b;
  }
}

// The mean square of 640000 samples, of which at least one in ten is independent (the band of a
// quarter, the resonance): relative deviation sqrt(2 / 64000) = 0.6 %. At the clips' first 20
// samples, of 256 clips: sqrt(2 / 512) = 6 %. Tolerances: five of each.
TEST_P(Gaussian, HasItsVarianceFromTheFirstSampleOn) {
  const auto power = [](const audio::AudioBuffer& clip, std::size_t count) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      sum += static_cast<double>(clip.channels[0][i]) * clip.channels[0][i];
    }
    return sum / static_cast<double>(count) / kGaussianVariance;
  };
  const auto clips = open(GetParam(), ",clips=256,seconds=1.5");
  double whole = 0;
  double first = 0;
  for (std::size_t i = 0; i < clips->size(); ++i) {
    const audio::AudioBuffer clip = clips->read(i);
    if (i < 24) whole += power(clip, clip.channels[0].size()) / 24;
    first += power(clip, 20) / 256;
  }
  EXPECT_NEAR(whole, 1, 0.03);
  EXPECT_NEAR(first, 1, 0.3);
}

TEST_P(Gaussian, HasIndependentClipsAndChannels) {
  const auto clips = open(GetParam(), ",clips=2,channels=2");
  const audio::AudioBuffer one = clips->read(0);
  const audio::AudioBuffer two = clips->read(1);
  const auto correlation = [](const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
    return sum / static_cast<double>(a.size()) / kGaussianVariance;
  };
  // 40000 samples, a tenth of them independent: deviation 1.6 %; five of them.
  EXPECT_NEAR(correlation(one.channels[0], one.channels[1]), 0, 0.08);
  EXPECT_NEAR(correlation(one.channels[0], two.channels[0]), 0, 0.08);
  EXPECT_EQ(clips->read(0).channels, one.channels);
}

INSTANTIATE_TEST_SUITE_P(Sources,
                         Gaussian,
                         ::testing::Values("gaussian-white", "gaussian-ar2", "gaussian-band"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(GaussianSources, AreNoneOfAll) {
  EXPECT_EQ(procedural::gaussian_sources().size(), 3u);
  for (const std::string& name : parse_procedural("procedural:all").classes) {
    EXPECT_EQ(procedural::find_gaussian(name), nullptr) << name;
  }
  const ProceduralSpec spec = parse_procedural("procedural:all,gaussian-white");
  EXPECT_EQ(spec.classes.back(), "gaussian-white");
}

}  // namespace
}  // namespace kilonat::data
