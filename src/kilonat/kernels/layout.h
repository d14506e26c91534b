#pragma once
/// How activations lie in memory.
///
/// Note [Layouts]: an activation is always [batch, channels, length] to its users. In memory it is
/// either channels-first (contiguous) or channels-last (the channels of one instant are neighbours;
/// strides [C T, 1, C]). Every function of this layer takes both and gives back what it was given,
/// but for the convolutions, which give what is fastest. oneDNN convolves channels-last without
/// reordering, which is why activations stay so from the first layer to the last.

#include <ATen/core/Tensor.h>

namespace kilonat::kernels {

enum class Layout { kChannelsFirst, kChannelsLast };

/// The layout to work in: channels-last if neighbouring channels are neighbours in memory.
[[nodiscard]] Layout layout_of(const at::Tensor& x_BCT);

/// x itself if it lies densely in that layout, else a copy that does. Differentiable.
[[nodiscard]] at::Tensor dense(const at::Tensor& x_BCT, Layout layout);

/// Uninitialised, of this shape, dense, with x's type and device.
[[nodiscard]] at::Tensor empty_in(Layout layout, at::IntArrayRef shape, const at::Tensor& like);

}  // namespace kilonat::kernels
