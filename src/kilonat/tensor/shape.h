#pragma once
/// Shape checks for public functions: one message format.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace kilonat::tensor {

/// Stands for "any size" in expect_shape.
inline constexpr std::int64_t kAny = -1;

/// Checks the number of axes and every size that is not kAny.
///
/// @param name  what the tensor is to the caller: "audio".
/// @throws ShapeError "audio has shape [2, 64000], expected [*, 1, *]".
void expect_shape(const at::Tensor& x,
                  std::string_view name,
                  std::initializer_list<std::int64_t> expected);

/// "[2, 1, 64000]"; kAny is printed as "*".
[[nodiscard]] std::string shape_text(at::IntArrayRef shape);

}  // namespace kilonat::tensor
