#pragma once
/// Where tensors live and how many threads work on them.

#include <string>
#include <string_view>

#include <c10/core/Device.h>

namespace kilonat::tensor {

/// Reads "cpu", "cuda" (the first GPU) or "cuda:N".
/// @throws ConfigError for another text, or for a GPU that this build or machine does not have.
[[nodiscard]] c10::Device parse_device(std::string_view text);

/// CPUs that this process may run on: its affinity mask, which containers and taskset narrow.
[[nodiscard]] int usable_cpu_count();

/// Sets libtorch's threads; 0: one for each usable CPU. Call once, from main.
/// @returns the number set.
int set_thread_count(int count);

/// For networks of many small products, as generators are: gives OpenBLAS one thread where libtorch
/// has two. Its threads and OpenMP's wait by spinning, on the same CPUs: on two, a step of
/// train-generator took 0.42 s with both and 0.12 s so. With more threads nothing was measured and
/// nothing is changed. Call after set_thread_count.
void keep_blas_from_spinning();

/// One line for logs: libtorch version, device, threads.
[[nodiscard]] std::string device_summary(const c10::Device& device);

}  // namespace kilonat::tensor
