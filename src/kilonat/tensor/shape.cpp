#include "kilonat/tensor/shape.h"

#include <fmt/format.h>

#include "kilonat/base/errors.h"

namespace kilonat::tensor {

std::string shape_text(at::IntArrayRef shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += shape[i] == kAny ? "*" : std::to_string(shape[i]);
  }
  return text + "]";
}

void expect_shape(const at::Tensor& x,
                  std::string_view name,
                  std::initializer_list<std::int64_t> expected) {
  const at::IntArrayRef wanted(expected.begin(), expected.size());
  KILONAT_REQUIRE(x.defined(), ShapeError, "{} is empty, expected {}", name, shape_text(wanted));
  bool same = x.dim() == static_cast<std::int64_t>(wanted.size());
  for (size_t i = 0; same && i < wanted.size(); ++i) {
    same = wanted[i] == kAny || wanted[i] == x.size(static_cast<std::int64_t>(i));
  }
  KILONAT_REQUIRE(same,
                  ShapeError,
                  "{} has shape {}, expected {}",
                  name,
                  shape_text(x.sizes()),
                  shape_text(wanted));
}

}  // namespace kilonat::tensor
