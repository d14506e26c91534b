/// Every kernel beside what this machine can do at most: products of float32 and copies in memory.
///
/// Usage: kernel_bench [threads=N]. Prints a Markdown table: time and rate of the forward pass and
/// of forward and backward, on layers as codecs have them. Times are the best of several calls.

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <torch/torch.h>

#include "kilonat/kernels/conv1d.h"
#include "kilonat/kernels/cpu.h"
#include "kilonat/kernels/snake.h"
#include "kilonat/loss/spectral_loss.h"
#include "kilonat/tensor/device.h"
#include "kilonat/tensor/memory.h"

namespace kilonat {
namespace {

double best_seconds(const std::function<void()>& call) {
  double best = 1e9;
  for (int i = 0; i < 7; ++i) {
    const auto start = std::chrono::steady_clock::now();
    call();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    best = std::min(best, time.count());
  }
  return best;
}

/// What a large product of matrices reaches: the library's own peak, GFLOP/s.
double product_rate(at::ScalarType type) {
  constexpr std::int64_t kSize = 2048;
  const at::Tensor a = torch::randn({kSize, kSize}).to(type);
  const at::Tensor b = torch::randn({kSize, kSize}).to(type);
  const double seconds = best_seconds([&] { (void)torch::mm(a, b); });
  return 2e-9 * static_cast<double>(kSize * kSize * kSize) / seconds;
}

/// Bytes read and written by a copy beyond every cache, GB/s.
double copy_rate() {
  const at::Tensor from = torch::ones({64 * 1024 * 1024});
  const at::Tensor to = torch::empty_like(from);
  return 8e-9 * static_cast<double>(from.numel()) / best_seconds([&] { to.copy_(from); });
}

struct Activations {
  std::int64_t batch;
  std::int64_t channels;
  std::int64_t length;
};

at::Tensor channels_last(const Activations& size, at::ScalarType type) {
  return torch::randn({size.batch, size.length, size.channels}).to(type).transpose(1, 2);
}

void print_row(const std::string& what,
               double amount,
               const std::string& unit,
               double forward_s,
               double both_s) {
  fmt::print("| {} | {:.2f} | {:.2f} | {:.1f} {} | {:.1f} {} |\n",
             what,
             forward_s * 1e3,
             both_s * 1e3,
             amount / forward_s,
             unit,
             amount * 3 / both_s,
             unit);
}

void bench_conv(const Activations& size,
                std::int64_t kernel,
                std::int64_t dilation,
                at::ScalarType type) {
  const at::Tensor x = channels_last(size, type).requires_grad_();
  const at::Tensor weight =
      (torch::randn({size.channels, size.channels, kernel}) * 0.1).requires_grad_();
  const at::Tensor bias = torch::zeros({size.channels}).requires_grad_();
  const kernels::Conv1dOptions options{.padding = dilation * (kernel / 2), .dilation = dilation};
  const at::Tensor grad = channels_last(size, type);
  const double forward = best_seconds([&] {
    const torch::NoGradGuard no_grad;
    (void)kernels::conv1d(x, weight, bias, options);
  });
  const double both =
      best_seconds([&] { kernels::conv1d(x, weight, bias, options).backward(grad); });
  const double gflop = 2e-9 * static_cast<double>(x.numel() * size.channels * kernel);
  print_row(fmt::format("conv {} C={} k={} d={} {}x{}",
                        toString(type),
                        size.channels,
                        kernel,
                        dilation,
                        size.batch,
                        size.length),
            gflop,
            "GFLOP/s",
            forward,
            both);
}

void bench_snake(const Activations& size, at::ScalarType type) {
  const at::Tensor x = channels_last(size, type).requires_grad_();
  const at::Tensor alpha = torch::ones({size.channels}).requires_grad_();
  const at::Tensor grad = channels_last(size, type);
  const double forward = best_seconds([&] {
    const torch::NoGradGuard no_grad;
    (void)kernels::snake(x, alpha);
  });
  const double both = best_seconds([&] { kernels::snake(x, alpha).backward(grad); });
  const auto elements = static_cast<double>(x.numel());
  fmt::print("| snake {} C={} {}x{} | {:.2f} | {:.2f} | {:.3f} ns/element | {:.3f} ns/element |\n",
             toString(type),
             size.channels,
             size.batch,
             size.length,
             forward * 1e3,
             both * 1e3,
             forward * 1e9 / elements,
             both * 1e9 / elements);
}

void bench_mel_loss() {
  const loss::SpectralLoss mel(loss::MelLossOptions{}, 16000);
  const at::Tensor y = torch::randn({8, 1, 16000}) * 0.1;
  const at::Tensor x = (torch::randn({8, 1, 16000}) * 0.1).requires_grad_();
  const double forward = best_seconds([&] {
    const torch::NoGradGuard no_grad;
    (void)mel(x, y);
  });
  const double both = best_seconds([&] { mel(x, y).backward(); });
  fmt::print("| mel loss, 7 scales, 8x16000 | {:.2f} | {:.2f} | | |\n", forward * 1e3, both * 1e3);
}

void run() {
  fmt::print("{}; CPU level {}\n\n",
             tensor::device_summary(torch::kCPU),
             kernels::cpu_level_name(kernels::cpu_level()));
  fmt::print(
      "Products of 2048 x 2048 matrices: float32 {:.0f}, bfloat16 {:.0f} GFLOP/s; copy {:.1f} "
      "GB/s (read and written).\n\n",
      product_rate(at::kFloat),
      product_rate(at::kBFloat16),
      copy_rate());
  fmt::print("| kernel | forward ms | both ms | forward | both |\n|---|---|---|---|---|\n");
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    for (const auto& [size, dilation] : {std::pair<Activations, std::int64_t>{{8, 16, 16000}, 1},
                                         {{8, 16, 16000}, 9},
                                         {{8, 64, 4000}, 9},
                                         {{8, 128, 1000}, 3},
                                         {{8, 256, 800}, 1},
                                         {{1, 768, 6896}, 1}}) {
      bench_conv(size, 7, dilation, type);
    }
    bench_conv({8, 64, 4000}, 1, 1, type);
    bench_snake({8, 16, 16000}, type);
    bench_snake({8, 256, 800}, type);
    bench_snake({1, 96, 220500}, type);
  }
  bench_mel_loss();
}

}  // namespace
}  // namespace kilonat

int main(int argc, char** argv) {
  const std::string threads = argc > 1 ? std::string(argv[1]).substr(8) : "0";
  kilonat::tensor::keep_freed_memory();
  kilonat::kernels::limit_library_to_cpu_level();
  kilonat::tensor::set_thread_count(std::stoi(threads));
  kilonat::run();
  return 0;
}
