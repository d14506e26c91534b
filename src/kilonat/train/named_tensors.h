#pragma once
/// Tensors by name: what checkpoints hold, what the optimiser and the EMA work on.

#include <map>
#include <string>
#include <string_view>

#include <torch/types.h>

namespace torch::nn {
class Module;
}

namespace kilonat::train {

/// In the order of the names, so that every loop over it is the same on every machine.
using NamedTensors = std::map<std::string, torch::Tensor>;

/// The parameters of a module; the tensors are the module's own.
[[nodiscard]] NamedTensors parameters_of(const torch::nn::Module& module);
/// Parameters and buffers; the tensors are the module's own.
[[nodiscard]] NamedTensors state_of(const torch::nn::Module& module);

/// Detached copies that later training does not change.
[[nodiscard]] NamedTensors snapshot(const NamedTensors& tensors);

/// Copies `from` into the tensors of `into`, which must have the same names and shapes.
///
/// @param what  names the source in errors, for example "checkpoint 'step-10'".
/// @throws FormatError that lists what is missing, unexpected or of another shape; then `into` is
///         unchanged.
void copy_named_tensors_(const NamedTensors& into, const NamedTensors& from, std::string_view what);

/// "prefix" + name for each; the inverse picks the names that begin with it and cuts it off.
[[nodiscard]] NamedTensors with_prefix(const NamedTensors& tensors, std::string_view prefix);
[[nodiscard]] NamedTensors without_prefix(const NamedTensors& tensors, std::string_view prefix);

}  // namespace kilonat::train
