#include "kilonat/dsp/mel.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::dsp {
namespace {

at::Tensor filters(const MelOptions& options) {
  return mel_filterbank(options).to(torch::kFloat64);
}

TEST(MelFilterbank, HasTrianglesOfUnitAreaOverFrequency) {
  const MelOptions options{.sample_rate_hz = 16000, .fft_size = 4096, .num_mels = 40};
  const at::Tensor areas = filters(options).sum(1) * (16000.0 / 4096);
  // Slaney's norm. The sum over bins of 3.9 Hz misses the narrowest triangle (133 Hz wide) by some
  // percent at its corners.
  EXPECT_LE((areas - 1).abs().max().item<double>(), 0.03);
}

TEST(MelFilterbank, RisesAndFallsOnceInEachRow) {
  const at::Tensor rows = filters({.sample_rate_hz = 44100, .fft_size = 2048, .num_mels = 80});
  for (std::int64_t row = 0; row < rows.size(0); ++row) {
    EXPECT_GE(rows[row].min().item<double>(), 0);
    EXPECT_GT(rows[row].max().item<double>(), 0) << row;
    // One summit: nothing falls before it or rises after it.
    const std::int64_t peak = rows[row].argmax().item<std::int64_t>();
    EXPECT_TRUE((rows[row].narrow(0, 0, peak + 1).diff() >= 0).all().item<bool>()) << row;
    EXPECT_TRUE((rows[row].narrow(0, peak, rows.size(1) - peak).diff() <= 0).all().item<bool>())
        << row;
  }
}

TEST(MelFilterbank, CoversEveryFrequencyBetweenItsFirstAndLastSummit) {
  const at::Tensor rows = filters({.sample_rate_hz = 44100, .fft_size = 2048, .num_mels = 80});
  const std::int64_t first = rows[0].argmax().item<std::int64_t>();
  const std::int64_t last = rows[79].argmax().item<std::int64_t>();
  const at::Tensor covered = rows.sum(0).narrow(0, first, last - first + 1);
  EXPECT_GT(covered.min().item<double>(), 0);
}

TEST(MelFilterbank, CentresAreEvenBelowOneKilohertzAndGeometricAbove) {
  const double bin_hz = 16000.0 / 8192;
  const at::Tensor rows = filters({.sample_rate_hz = 16000, .fft_size = 8192, .num_mels = 60});
  const auto centre_hz = [&](std::int64_t row) {
    return rows[row].argmax().item<double>() * bin_hz;
  };
  EXPECT_NEAR(centre_hz(3) - centre_hz(2), centre_hz(9) - centre_hz(8), 2 * bin_hz);
  EXPECT_NEAR(centre_hz(50) / centre_hz(49), centre_hz(58) / centre_hz(57), 2e-3);
}

TEST(MelFilterbank, KeepsToItsRange) {
  const at::Tensor rows = filters(
      {.sample_rate_hz = 32000, .fft_size = 1024, .num_mels = 64, .min_hz = 50, .max_hz = 14000});
  const double bin_hz = 32000.0 / 1024;
  for (std::int64_t bin = 0; bin < rows.size(1); ++bin) {
    const double hz = static_cast<double>(bin) * bin_hz;
    if (hz <= 50 || hz >= 14000) {
      EXPECT_EQ(rows.select(1, bin).max().item<double>(), 0) << hz;
    }
  }
}

TEST(MelFilterbank, LeavesFiltersWithoutABinEmpty) {
  const at::Tensor rows = filters({.sample_rate_hz = 44100, .fft_size = 64, .num_mels = 80});
  EXPECT_EQ(rows.sizes(), at::IntArrayRef({80, 33}));
  EXPECT_GT((rows.sum(1) == 0).sum().item<int>(), 0);
  EXPECT_TRUE(rows.isfinite().all().item<bool>());
}

TEST(MelFilterbank, RefusesRangesAndSizesThatMakeNoSense) {
  EXPECT_THROW((void)mel_filterbank({.sample_rate_hz = 0}), ConfigError);
  EXPECT_THROW((void)mel_filterbank({.num_mels = 0}), ConfigError);
  EXPECT_THROW((void)mel_filterbank({.min_hz = 500, .max_hz = 400}), ConfigError);
  EXPECT_THROW((void)mel_filterbank({.sample_rate_hz = 8000, .max_hz = 5000}), ConfigError);
  EXPECT_THROW((void)mel_filterbank({.min_hz = -1}), ConfigError);
}

}  // namespace
}  // namespace kilonat::dsp
