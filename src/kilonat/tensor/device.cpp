#include "kilonat/tensor/device.h"

#include <algorithm>
#include <charconv>
#include <dlfcn.h>
#include <sched.h>
#include <thread>

#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <torch/version.h>

#include "kilonat/base/errors.h"

namespace kilonat::tensor {
namespace {

/// OpenBLAS keeps threads of its own that libtorch's setting does not reach. They wait by spinning
/// in sched_yield, which on a busy machine doubled the time of a training step.
void set_blas_thread_count(int count) {
  using Setter = void (*)(int);
  if (auto set = reinterpret_cast<Setter>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) {
    set(count);
  }
}

}  // namespace

c10::Device parse_device(std::string_view text) {
  if (text == "cpu") return c10::Device(c10::kCPU);
  constexpr std::string_view kCuda = "cuda";
  int index = 0;
  bool understood = text == kCuda;
  if (text.size() > kCuda.size() + 1 && text.substr(0, kCuda.size() + 1) == "cuda:") {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + kCuda.size() + 1, end, index);
    understood = parsed.ec == std::errc() && parsed.ptr == end && index >= 0 && index < 128;
  }
  KILONAT_REQUIRE(
      understood, ConfigError, "device '{}' is not known: expected cpu, cuda or cuda:N", text);
  KILONAT_REQUIRE(torch::cuda::is_available(),
                  ConfigError,
                  "device '{}' is not available: this libtorch finds no GPU; use --device cpu",
                  text);
  const auto num_gpus = static_cast<int>(torch::cuda::device_count());
  KILONAT_REQUIRE(index < num_gpus,
                  ConfigError,
                  "device '{}' does not exist: found {} GPU(s), numbered from 0",
                  text,
                  num_gpus);
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

int usable_cpu_count() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof(mask), &mask) == 0) return std::max(1, CPU_COUNT(&mask));
  return std::max(1U, std::thread::hardware_concurrency());
}

void keep_blas_from_spinning() {
  if (at::get_num_threads() == 2) set_blas_thread_count(1);
}

int set_thread_count(int count) {
  const int threads = count > 0 ? count : usable_cpu_count();
  torch::set_num_threads(threads);
  set_blas_thread_count(threads);
  return threads;
}

std::string device_summary(const c10::Device& device) {
  return fmt::format(
      "libtorch {}, {}, {} thread(s)", TORCH_VERSION, device.str(), torch::get_num_threads());
}

}  // namespace kilonat::tensor
