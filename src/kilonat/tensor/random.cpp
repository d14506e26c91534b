#include "kilonat/tensor/random.h"

#include <mutex>

#include <ATen/CPUGeneratorImpl.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/torch_error.h"

namespace kilonat::tensor {

at::Generator make_generator(std::uint64_t seed) {
  return at::make_generator<at::CPUGeneratorImpl>(seed);
}

at::Tensor normal_like(const at::Tensor& x, at::Generator generator) {
  const auto options = x.options().device(generator.device()).requires_grad(false);
  return torch::randn(x.sizes(), generator, options).to(x.device());
}

at::Tensor generator_state(const at::Generator& generator) {
  at::Generator copy = generator;
  const std::lock_guard<std::mutex> lock(copy.mutex());
  return copy.get_state();
}

void set_generator_state(at::Generator& generator, const at::Tensor& state) {
  const std::lock_guard<std::mutex> lock(generator.mutex());
  try {
    generator.set_state(state);
  } catch (const c10::Error& error) {
    throw FormatError("restoring a random generator: " + what_without_backtrace(error));
  }
}

}  // namespace kilonat::tensor
