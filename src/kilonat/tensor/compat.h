#pragma once
/// What differs between libtorch 1.13 and 2.x, in one place.

#include <optional>

#include <c10/util/Optional.h>
#include <torch/version.h>

/// True from libtorch `major`.`minor` on.
#define KILONAT_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) ||          \
   (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

namespace kilonat::tensor {

/// The optional type that ATen's functions take: c10's own until 2.x made it std::optional.
#if KILONAT_TORCH_AT_LEAST(2, 1)
template <class T>
using Optional = std::optional<T>;
#else
template <class T>
using Optional = c10::optional<T>;
#endif

}  // namespace kilonat::tensor
