#include "kilonat/loss/fast_spectral_loss.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "kilonat/dsp/frames.h"

namespace kilonat::loss {

namespace {

/// Eight sums side by side: a single one would wait for every addition.
float dot(const float* a, const float* b, std::size_t size) {
  constexpr std::size_t kLanes = 8;
  float sums[kLanes] = {};
  const std::size_t whole = size / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  const float rest = std::inner_product(a + whole, a + size, b + whole, 0.0F);
  return std::accumulate(sums, sums + kLanes, rest);
}

/// Everything about one frame, in memory that is used again for the next.
class FrameComparison {
 public:
  FrameComparison(const SpectralScale& scale, std::int64_t num_bins)
      : scale_(scale),
        magnitudes_(static_cast<std::size_t>(num_bins)),
        magnitude_gradients_(magnitudes_.size()),
        estimate_(num_bands()),
        reference_(estimate_.size()),
        gradients_(estimate_.size()) {}

  /// Sum over the bands of the distance between two frames of a spectrum. `gradient`, unless null,
  /// gets its gradient by the estimate's numbers times `factor`.
  double operator()(const float* estimate, const float* reference, float* gradient, float factor) {
    bands_of(reference, reference_);
    bands_of(estimate, estimate_);
    const double distance = compare_bands();
    if (gradient != nullptr) spread_gradient(estimate, gradient, factor);
    return distance;
  }

 private:
  [[nodiscard]] std::size_t num_bands() const {
    return scale_.filters.bands.empty() ? magnitudes_.size() : scale_.filters.bands.size();
  }

  /// Leaves the magnitudes of the bins behind.
  void bands_of(const float* spectrum, std::vector<float>& values) {
    const std::size_t num_bins = magnitudes_.size();
    float* magnitudes = magnitudes_.data();
    for (std::size_t bin = 0; bin < num_bins; ++bin) {
      const float real = spectrum[2 * bin];
      const float imaginary = spectrum[2 * bin + 1];
      magnitudes[bin] = std::sqrt(real * real + imaginary * imaginary);
    }
    if (scale_.filters.bands.empty()) {
      values = magnitudes_;
      return;
    }
    for (std::size_t band = 0; band < values.size(); ++band) {
      const auto& [first_bin, weights] = scale_.filters.bands[band];
      values[band] = dot(weights.data(), magnitudes + first_bin, weights.size());
    }
  }

  /// Sets gradients_ to those of the distance by the estimate's bands.
  double compare_bands() {
    const auto sign = [](float x) { return static_cast<float>((x > 0) - (x < 0)); };
    double sum_log = 0;
    double sum_mag = 0;
    for (std::size_t band = 0; band < estimate_.size(); ++band) {
      const float x = estimate_[band];
      const float y = reference_[band];
      float gradient = 0;
      if (scale_.log_factor != 0) {
        const float eps = scale_.floors[band];
        const float difference = std::log(std::max(x, eps) / std::max(y, eps));
        sum_log += std::abs(difference);
        if (x >= eps) gradient = static_cast<float>(scale_.log_factor) * sign(difference) / x;
      }
      if (scale_.mag_weight != 0) {
        sum_mag += std::abs(x - y);
        gradient += static_cast<float>(scale_.mag_weight) * sign(x - y);
      }
      gradients_[band] = gradient;
    }
    return scale_.log_factor * sum_log + scale_.mag_weight * sum_mag;
  }

  /// From bands to bins to real and imaginary parts. The magnitudes are the estimate's.
  void spread_gradient(const float* estimate, float* gradient, float factor) {
    if (scale_.filters.bands.empty()) {
      magnitude_gradients_ = gradients_;
    } else {
      std::fill(magnitude_gradients_.begin(), magnitude_gradients_.end(), 0.0F);
      for (std::size_t band = 0; band < gradients_.size(); ++band) {
        const auto& [first_bin, weights] = scale_.filters.bands[band];
        float* to = magnitude_gradients_.data() + first_bin;
        for (std::size_t i = 0; i < weights.size(); ++i) to[i] += gradients_[band] * weights[i];
      }
    }
    const std::size_t num_bins = magnitudes_.size();
    const float* magnitudes = magnitudes_.data();
    const float* slopes = magnitude_gradients_.data();
    for (std::size_t bin = 0; bin < num_bins; ++bin) {
      const float slope = magnitudes[bin] > 0 ? factor * slopes[bin] / magnitudes[bin] : 0.0F;
      gradient[2 * bin] = slope * estimate[2 * bin];
      gradient[2 * bin + 1] = slope * estimate[2 * bin + 1];
    }
  }

  const SpectralScale& scale_;
  std::vector<float> magnitudes_;
  std::vector<float> magnitude_gradients_;
  std::vector<float> estimate_;
  std::vector<float> reference_;
  std::vector<float> gradients_;
};

at::Tensor spectra(const SpectralScale& scale, const at::Tensor& x_NT) {
  return dsp::frame_spectra(dsp::windowed_frames(x_NT, scale.window, scale.hop)).contiguous();
}

}  // namespace

SparseFilters sparse_filters(const at::Tensor& filters_MW) {
  SparseFilters result;
  if (!filters_MW.defined()) return result;
  const auto values = filters_MW.accessor<float, 2>();
  for (std::int64_t band = 0; band < filters_MW.size(0); ++band) {
    SparseFilters::Band sparse;
    std::int64_t end = filters_MW.size(1);
    while (end > 0 && values[band][end - 1] == 0) --end;
    while (sparse.first_bin < end && values[band][sparse.first_bin] == 0) ++sparse.first_bin;
    for (std::int64_t bin = sparse.first_bin; bin < end; ++bin) {
      sparse.weights.push_back(values[band][bin]);
    }
    result.bands.push_back(std::move(sparse));
  }
  return result;
}

ValueAndGradient compare(const SpectralScale& scale,
                         const at::Tensor& estimate_NT,
                         const at::Tensor& reference_NT,
                         bool with_gradient) {
  const at::NoGradGuard no_grad;
  const at::Tensor estimate = spectra(scale, estimate_NT);
  const at::Tensor reference = spectra(scale, reference_NT);
  const at::Tensor gradient = with_gradient ? at::empty_like(estimate) : at::Tensor();
  const std::int64_t num_frames = estimate.size(0) * estimate.size(1);
  const std::int64_t row = estimate.size(2);
  const auto num_bands = static_cast<std::int64_t>(scale.filters.bands.size());
  const double count =
      static_cast<double>(num_frames) * static_cast<double>(num_bands > 0 ? num_bands : row / 2);
  const auto factor = static_cast<float>(1.0 / count);
  const float* estimate_data = estimate.data_ptr<float>();
  const float* reference_data = reference.data_ptr<float>();
  float* gradient_data = with_gradient ? gradient.data_ptr<float>() : nullptr;
  std::vector<double> distances(static_cast<std::size_t>(num_frames));
  at::parallel_for(0, num_frames, 16, [&](std::int64_t begin, std::int64_t end) {
    FrameComparison compare_frames(scale, row / 2);
    for (std::int64_t i = begin; i < end; ++i) {
      distances[static_cast<std::size_t>(i)] =
          compare_frames(estimate_data + i * row,
                         reference_data + i * row,
                         gradient_data == nullptr ? nullptr : gradient_data + i * row,
                         factor);
    }
  });
  ValueAndGradient result{.value = std::accumulate(distances.begin(), distances.end(), 0.0) / count,
                          .gradient_NT = at::Tensor()};
  if (with_gradient) {
    result.gradient_NT =
        dsp::overlap_add(dsp::frame_spectra_transposed_(gradient, scale.window.numel()),
                         scale.window,
                         scale.hop,
                         estimate_NT.size(1));
  }
  return result;
}

}  // namespace kilonat::loss
