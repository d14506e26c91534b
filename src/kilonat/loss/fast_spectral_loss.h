#pragma once
/// One scale of a spectral distance with its gradient in one pass over the spectrum.

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace kilonat::loss {

/// Mel filters as what they are: a few neighbouring bins each.
struct SparseFilters {
  struct Band {
    std::int64_t first_bin = 0;
    std::vector<float> weights;
  };
  std::vector<Band> bands;  ///< empty: the bins themselves are compared
};
/// @param filters_MW  float32; undefined: the bins themselves.
[[nodiscard]] SparseFilters sparse_filters(const at::Tensor& filters_MW);

/// A scale: its transform, its bands, and how magnitudes are compared (spectral_loss.h).
struct SpectralScale {
  at::Tensor window;  ///< float32
  std::int64_t hop = 0;
  SparseFilters filters;
  std::vector<float> floors;  ///< one per band: the least magnitude that a logarithm sees
  double log_factor = 0;      ///< log_weight pow / ln 10: of |ln x - ln y|
  double mag_weight = 0;      ///< of |x - y|
};

struct ValueAndGradient {
  double value = 0;
  at::Tensor gradient_NT;  ///< undefined unless asked for
};

/// The scale's distance and its gradient by the estimate.
///
/// Note [One pass]: what follows the transform (magnitude, bands, logarithm, difference, mean, and
/// all that backwards) is a dozen passes over the spectrum in autograd; done frame by frame it
/// stays in the first cache, and the bands need 2 products a bin instead of one with every band.
/// @param estimate_NT, reference_NT  float32, contiguous, CPU, one shape, T > window / 2.
[[nodiscard]] ValueAndGradient compare(const SpectralScale& scale,
                                       const at::Tensor& estimate_NT,
                                       const at::Tensor& reference_NT,
                                       bool with_gradient);

}  // namespace kilonat::loss
