#include "kilonat/dsp/spectrogram_image.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace kilonat::dsp {
namespace {

constexpr SpectrogramImageOptions kOptions{.sample_rate_hz = 16000, .num_mels = 64};

torch::Tensor sine(double frequency_hz, std::int64_t num_samples) {
  const torch::Tensor t = torch::arange(num_samples, torch::kFloat64) / 16000.0;
  return torch::sin(2 * M_PI * frequency_hz * t).to(torch::kFloat).unsqueeze(0);
}

TEST(LogMelDb, OfAFullScaleSineIsNearZeroDb) {
  const torch::Tensor db = log_mel_db(sine(1000, 16000), kOptions);
  EXPECT_EQ(db.size(0), 64);
  EXPECT_LE(db.size(1), kOptions.max_width);
  // A triangular filter may sit up to half its width beside the sine and its window's main lobe.
  EXPECT_NEAR(db.max().item<double>(), 0, 6);
  EXPECT_LT(log_mel_db(torch::zeros({1, 16000}), kOptions).max().item<double>(), -100);
}

TEST(LogMelDb, PutsHigherSoundsIntoHigherBands) {
  const auto loudest_band = [](double frequency_hz) {
    return log_mel_db(sine(frequency_hz, 16000), kOptions).mean(1).argmax().item<std::int64_t>();
  };
  EXPECT_LT(loudest_band(300), loudest_band(1000));
  EXPECT_LT(loudest_band(1000), loudest_band(5000));
}

TEST(SpectrogramImage, TakesSoundsOfAnyLength) {
  for (const std::int64_t length : {1, 100, 5000, 500000}) {
    const Image image = spectrogram_image(torch::zeros({2, length}), kOptions);
    EXPECT_EQ(image.height, 128);
    EXPECT_GE(image.width, 1);
    EXPECT_LE(image.width, kOptions.max_width);
  }
}

TEST(ComparisonImage, ShowsBothWithTheOriginalsColours) {
  const torch::Tensor original = sine(1000, 16000);
  const Image image = comparison_image(original, torch::zeros({1, 16000}), kOptions);
  const Image alone = spectrogram_image(original, kOptions);
  EXPECT_GT(image.width, 2 * alone.width);
  const auto brightness = [&](std::int64_t from, std::int64_t to) {
    int brightest = 0;
    for (std::int64_t row = 0; row < image.height; ++row) {
      for (std::int64_t x = from; x < to; ++x) {
        brightest = std::max<int>(brightest, image.rgb[3 * (row * image.width + x)]);
      }
    }
    return brightest;
  };
  EXPECT_GT(brightness(0, alone.width), 200);
  EXPECT_LT(brightness(image.width - alone.width, image.width), 30);
}

}  // namespace
}  // namespace kilonat::dsp
