#pragma once
/// 2-D convolution with weight norm.

#include <array>
#include <cstdint>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "kilonat/codec/weight_cache.h"

namespace kilonat::codec {

struct Conv2dOptions {
  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;
  std::array<std::int64_t, 2> kernel{1, 1};
  std::array<std::int64_t, 2> stride{1, 1};
  std::array<std::int64_t, 2> padding{0, 0};
};

/// 2-D convolution whose weight is `g v / |v|`, the norm taken per output channel.
///
/// Parameters: weight_g [out, 1, 1, 1], weight_v [out, in, k0, k1], bias [out].
class WeightNormConv2dImpl : public torch::nn::Module {
 public:
  explicit WeightNormConv2dImpl(const Conv2dOptions& options);

  /// @param x [N, in, rows, columns].
  at::Tensor forward(const at::Tensor& x);
  /// The same by the library's own operator, in the layout that x lies in; the weight is made anew,
  /// since the one remembered is channels-last, and the library takes that for x's layout.
  at::Tensor forward_by_library(const at::Tensor& x);
  /// The same for a kernel of one column, on columns that are items of the batch.
  /// @param x_NCR [N x columns, in, rows]. REQUIRES: kernel[1], stride[1] = 1, padding[1] = 0.
  at::Tensor forward_along_rows(const at::Tensor& x_NCR);
  /// The weight that the convolution uses, [out, in, k0, k1].
  [[nodiscard]] at::Tensor weight() const;

  at::Tensor weight_g;
  at::Tensor weight_v;
  at::Tensor bias;

 private:
  /// weight(), remembered where it can be.
  at::Tensor weight_for(const at::Tensor& x);

  WeightCache cache_;
  Conv2dOptions options_;
};
TORCH_MODULE(WeightNormConv2d);

}  // namespace kilonat::codec
