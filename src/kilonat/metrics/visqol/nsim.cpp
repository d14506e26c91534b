#include "kilonat/metrics/visqol/nsim.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kilonat::metrics::visqol {
namespace {

// The 3 x 3 window, a Gaussian.
constexpr double kCorner = 0.0113033910173052;
constexpr double kEdge = 0.0838251475442633;
constexpr double kCentre = 0.619485845753726;

constexpr double kLuminanceConstant = 1e-4;    // 0.01^2
constexpr double kStructureConstant = 4.5e-4;  // 0.03^2 / 2

constexpr std::size_t kWidth = Spectrogram::kStride;

/// The frames that the window sees around one frame; at a patch's end the frame itself again.
struct Rows {
  const double* before;
  const double* here;
  const double* after;
};

Rows rows_around(const Patch& patch, std::size_t frame) {
  const auto row = [&](std::size_t index) { return patch.first_row + index * kWidth; };
  return {
      row(frame == 0 ? 0 : frame - 1), row(frame), row(std::min(frame + 1, patch.num_frames - 1))};
}

/// Window-weighted mean around each band of one frame.
/// @param here  the frame's values. @param around  those before plus those after it.
Bands smooth(const double* here, const double* around) {
  Bands result;
  for (std::size_t b = 0; b < kNumBands; ++b) {
    result[b] = kCentre * here[b + 1] + kEdge * (around[b + 1] + here[b] + here[b + 2]) +
                kCorner * (around[b] + around[b + 2]);
  }
  return result;
}

Bands smoothed_values(const Rows& x) {
  double around[kWidth];
  for (std::size_t j = 0; j < kWidth; ++j) around[j] = x.before[j] + x.after[j];
  return smooth(x.here, around);
}

Bands smoothed_products(const Rows& x, const Rows& y) {
  double here[kWidth];
  double around[kWidth];
  for (std::size_t j = 0; j < kWidth; ++j) {
    here[j] = x.here[j] * y.here[j];
    around[j] = x.before[j] * y.before[j] + x.after[j] * y.after[j];
  }
  return smooth(here, around);
}

void add_similarities(const Rows& x, const Rows& y, Bands& sums) {
  const Bands mean_x = smoothed_values(x);
  const Bands mean_y = smoothed_values(y);
  const Bands square_x = smoothed_products(x, x);
  const Bands square_y = smoothed_products(y, y);
  const Bands product = smoothed_products(x, y);
  for (std::size_t b = 0; b < kNumBands; ++b) {
    const double mean_product = mean_x[b] * mean_y[b];
    const double mean_square_x = mean_x[b] * mean_x[b];
    const double mean_square_y = mean_y[b] * mean_y[b];
    const double variances = (square_x[b] - mean_square_x) * (square_y[b] - mean_square_y);
    const double luminance = (2 * mean_product + kLuminanceConstant) /
                             (mean_square_x + mean_square_y + kLuminanceConstant);
    // Rounding can make a variance negative where a patch is flat.
    const double structure = (product[b] - mean_product + kStructureConstant) /
                             (std::sqrt(std::max(variances, 0.0)) + kStructureConstant);
    sums[b] += luminance * structure;
  }
}

}  // namespace

Bands band_similarities(const Patch& reference, const Patch& degraded) {
  Bands sums{};
  for (std::size_t frame = 0; frame < reference.num_frames; ++frame) {
    add_similarities(rows_around(reference, frame), rows_around(degraded, frame), sums);
  }
  for (double& value : sums) value /= static_cast<double>(reference.num_frames);
  return sums;
}

double mean(const Bands& bands) {
  return std::accumulate(bands.begin(), bands.end(), 0.0) / double{kNumBands};
}

}  // namespace kilonat::metrics::visqol
