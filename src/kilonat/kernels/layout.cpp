#include "kilonat/kernels/layout.h"

#include <ATen/ATen.h>

namespace kilonat::kernels {

Layout layout_of(const at::Tensor& x_BCT) {
  return x_BCT.size(1) > 1 && x_BCT.stride(1) == 1 ? Layout::kChannelsLast : Layout::kChannelsFirst;
}

at::Tensor dense(const at::Tensor& x_BCT, Layout layout) {
  if (layout == Layout::kChannelsFirst) return x_BCT.contiguous();
  const at::Tensor x_BTC = x_BCT.transpose(1, 2);
  return x_BTC.is_contiguous() ? x_BCT : x_BTC.contiguous().transpose(1, 2);
}

at::Tensor empty_in(Layout layout, at::IntArrayRef shape, const at::Tensor& like) {
  if (layout == Layout::kChannelsFirst) return at::empty(shape, like.options());
  return at::empty({shape[0], shape[2], shape[1]}, like.options()).transpose(1, 2);
}

}  // namespace kilonat::kernels
