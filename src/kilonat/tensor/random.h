#pragma once
/// Random tensors from explicit generators: no global state.

#include <cstdint>

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

namespace kilonat::tensor {

/// A CPU generator seeded with `seed`. Copies share their state.
[[nodiscard]] at::Generator make_generator(std::uint64_t seed);

/// Standard normal values in the shape, type and device of `x`.
///
/// They are drawn on the generator's device (CPU) and moved, so that a seed gives the same noise on
/// every device.
[[nodiscard]] at::Tensor normal_like(const at::Tensor& x, at::Generator generator);

/// The generator's state as a byte tensor, for checkpoints.
[[nodiscard]] at::Tensor generator_state(const at::Generator& generator);
/// @throws FormatError if the bytes are not a state of this kind of generator.
void set_generator_state(at::Generator& generator, const at::Tensor& state);

}  // namespace kilonat::tensor
