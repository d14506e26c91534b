#include "kilonat/dsp/spectrogram_image.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "kilonat/dsp/mel.h"
#include "kilonat/dsp/stft.h"

namespace kilonat::dsp {
namespace {

constexpr double kMinMagnitude = 1e-7;  // -140 dB
constexpr double kMinTopDb = -100;      // of an image: silence stays black
constexpr std::int64_t kWindowLength = 1024;
constexpr std::int64_t kMinHop = kWindowLength / 8;
constexpr std::int64_t kGapPixels = 4;

at::Tensor mono(const at::Tensor& x) {
  const at::Tensor samples = x.detach().to(at::kCPU, at::kFloat);
  return samples.dim() == 2 ? samples.mean(0) : samples;
}

/// Draws [M, F] dB values with the brightest at `top_db`, low bands at the bottom.
void draw(Image& image,
          std::int64_t left,
          const at::Tensor& db_MF,
          double top_db,
          const SpectrogramImageOptions& options) {
  const auto db = db_MF.accessor<float, 2>();
  for (std::int64_t row = 0; row < image.height; ++row) {
    const std::int64_t band = db.size(0) - 1 - row / options.rows_per_band;
    for (std::int64_t frame = 0; frame < db.size(1); ++frame) {
      const double value = 1 + (db[band][frame] - top_db) / options.range_db;
      const auto colour = magma(value);
      const std::int64_t pixel = row * image.width + left + frame;
      std::copy(colour.begin(), colour.end(), image.rgb.begin() + 3 * pixel);
    }
  }
}

double top_of(const at::Tensor& db_MF) {
  return std::max(kMinTopDb, db_MF.max().item<double>());
}

}  // namespace

at::Tensor log_mel_db(const at::Tensor& x, const SpectrogramImageOptions& options) {
  at::Tensor samples = mono(x);
  const std::int64_t missing = std::max<std::int64_t>(0, kWindowLength - samples.size(0));
  samples = at::constant_pad_nd(samples, {0, missing});
  const std::int64_t wanted = (samples.size(0) + options.max_width - 1) / options.max_width;
  const std::int64_t hop = std::max(kMinHop, wanted);
  const Stft stft({.window_length = kWindowLength, .hop_length = hop});
  const at::Tensor filters_MW = mel_filterbank({.sample_rate_hz = options.sample_rate_hz,
                                                .fft_size = kWindowLength,
                                                .num_mels = options.num_mels});
  // Slaney's filters have unit area in Hz; scaled to a peak of 1 they keep a sine's magnitude. The
  // window of length n gives a sine of amplitude 1 a magnitude of n / 4.
  const at::Tensor peaks_M1 = std::get<0>(filters_MW.max(1, /*keepdim=*/true)).clamp_min(1e-12);
  const at::Tensor magnitude_WF = stft.magnitude(samples.unsqueeze(0))[0];
  const at::Tensor mel_MF = at::matmul(filters_MW / peaks_M1, magnitude_WF) * (4.0 / kWindowLength);
  const at::Tensor db_MF = 20 * mel_MF.clamp_min(kMinMagnitude).log10();
  return db_MF.narrow(1, 0, std::min(db_MF.size(1), options.max_width)).contiguous();
}

Image spectrogram_image(const at::Tensor& x, const SpectrogramImageOptions& options) {
  const at::Tensor db_MF = log_mel_db(x, options);
  Image image = make_image(db_MF.size(1), db_MF.size(0) * options.rows_per_band);
  draw(image, 0, db_MF, top_of(db_MF), options);
  return image;
}

Image comparison_image(const at::Tensor& original,
                       const at::Tensor& reconstruction,
                       const SpectrogramImageOptions& options) {
  const at::Tensor left_MF = log_mel_db(original, options);
  const at::Tensor right_MF = log_mel_db(reconstruction, options);
  const double top_db = top_of(left_MF);
  const std::int64_t right = left_MF.size(1) + kGapPixels;
  Image image = make_image(right + right_MF.size(1), left_MF.size(0) * options.rows_per_band);
  std::fill(image.rgb.begin(), image.rgb.end(), std::uint8_t{230});  // what stays is the line
  draw(image, 0, left_MF, top_db, options);
  draw(image, right, right_MF, top_db, options);
  return image;
}

}  // namespace kilonat::dsp
