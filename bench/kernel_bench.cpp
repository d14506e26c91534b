/// Convolutions, Snake and the mel loss beside what this machine can do at most: products of
/// matrices and copies in memory.
///
/// Usage: kernel_bench [threads=N]. Prints a Markdown table: time and rate of the forward pass and
/// of forward and backward, on layers as codecs have them, and their share of that most. Times are
/// the best of several calls.

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <torch/torch.h>

#include "kilonat/kernels/conv1d.h"
#include "kilonat/kernels/conv2d.h"
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

/// What the table's shares are of.
struct Peaks {
  double float32 = 0;        ///< GFLOP/s
  double bfloat16 = 0;       ///< GFLOP/s
  double copy_gb_per_s = 0;  ///< read and written
  [[nodiscard]] double products(at::ScalarType type) const {
    return type == at::kFloat ? float32 : bfloat16;
  }
};

/// Channels-last [B, C, T], as the kernels have their activations.
at::Tensor channels_last(at::IntArrayRef size_BCT, at::ScalarType type) {
  return torch::randn({size_BCT[0], size_BCT[2], size_BCT[1]}).to(type).transpose(1, 2);
}

struct Times {
  double forward_s = 0;
  double both_s = 0;  ///< forward and all gradients
};

/// @param call  the layer; with gradients, of its inputs and parameters.
Times times_of(const std::function<at::Tensor()>& call) {
  const at::Tensor grad = call().detach();
  Times times;
  times.forward_s = best_seconds([&] {
    const torch::NoGradGuard no_grad;
    (void)call();
  });
  times.both_s = best_seconds([&] { call().backward(grad); });
  return times;
}

/// A row of multiplications; the gradients are two more of the forward pass.
void print_products(const std::string& what,
                    at::ScalarType type,
                    double gflop,
                    const Times& times,
                    const Peaks& peaks) {
  const double forward = gflop / times.forward_s;
  const double both = 3 * gflop / times.both_s;
  const double peak = peaks.products(type);
  fmt::print(
      "| {} | {} | {:.2f} | {:.2f} | {:.0f} GFLOP/s, {:.0f} % | {:.0f} GFLOP/s, {:.0f} % |\n",
      what,
      type == at::kFloat ? "fp32" : "bf16",
      times.forward_s * 1e3,
      times.both_s * 1e3,
      forward,
      100 * forward / peak,
      both,
      100 * both / peak);
}

struct Layer1d {
  const char* what;
  std::int64_t batch;
  std::int64_t in;
  std::int64_t out;
  std::int64_t taps;
  std::int64_t stride;
  std::int64_t dilation;
  std::int64_t length;
};

void bench_conv1d(const Layer1d& layer, at::ScalarType type, const Peaks& peaks) {
  const at::Tensor x = channels_last({layer.batch, layer.in, layer.length}, type).requires_grad_();
  const at::Tensor weight =
      (torch::randn({layer.out, layer.in, layer.taps}) * 0.1).requires_grad_();
  const at::Tensor bias = torch::zeros({layer.out}).requires_grad_();
  const kernels::Conv1dOptions options{.stride = layer.stride,
                                       .padding = layer.dilation * ((layer.taps - 1) / 2),
                                       .dilation = layer.dilation};
  const auto call = [&] { return kernels::conv1d(x, weight, bias, options); };
  const double gflop = 2e-9 * static_cast<double>(call().numel() * layer.in * layer.taps);
  print_products(fmt::format("{}: {} x {} to {}, {} taps, stride {}, dilation {}, {}",
                             layer.what,
                             layer.batch,
                             layer.in,
                             layer.out,
                             layer.taps,
                             layer.stride,
                             layer.dilation,
                             layer.length),
                 type,
                 gflop,
                 times_of(call),
                 peaks);
}

/// Up-sampling by `stride`, as the decoders do it: twice as many taps.
void bench_transposed(std::int64_t in,
                      std::int64_t stride,
                      std::int64_t length,
                      at::ScalarType type,
                      const Peaks& peaks) {
  const at::Tensor x = channels_last({8, in, length}, type).requires_grad_();
  const at::Tensor weight = (torch::randn({in, in / 2, 2 * stride}) * 0.1).requires_grad_();
  const at::Tensor bias = torch::zeros({in / 2}).requires_grad_();
  const kernels::ConvTranspose1dOptions options{.stride = stride, .padding = stride / 2};
  const auto call = [&] { return kernels::conv_transpose1d(x, weight, bias, options); };
  // Every input meets every tap once.
  const double gflop = 2e-9 * static_cast<double>(x.numel() * (in / 2) * 2 * stride);
  print_products(
      fmt::format("up-sampling: 8 x {} to {}, stride {}, {}", in, in / 2, stride, length),
      type,
      gflop,
      times_of(call),
      peaks);
}

/// A layer of the resolution discriminators.
void bench_conv2d(at::ScalarType type, const Peaks& peaks) {
  const at::Tensor x = torch::randn({8, 32, 40, 128})
                           .to(type)
                           .contiguous(at::MemoryFormat::ChannelsLast)
                           .requires_grad_();
  const at::Tensor weight = (torch::randn({32, 32, 3, 9}) * 0.1).requires_grad_();
  const at::Tensor bias = torch::zeros({32}).requires_grad_();
  const auto call = [&] {
    return kernels::conv2d(x, weight, bias, {.stride = {1, 2}, .padding = {1, 4}});
  };
  const double gflop = 2e-9 * static_cast<double>(call().numel() * 32 * 27);
  print_products(
      "MRD: 8 x 32 to 32, 3 x 9 taps, stride 1 x 2, 40 x 128", type, gflop, times_of(call), peaks);
}

/// A wide layer of the period discriminators as float32 takes it: the library's own,
/// channels-first.
void bench_library_conv2d(std::int64_t period, std::int64_t rows, const Peaks& peaks) {
  const at::Tensor x = torch::randn({8, 1024, rows, period}).requires_grad_();
  const at::Tensor weight = (torch::randn({1024, 1024, 5, 1}) * 0.1).requires_grad_();
  const at::Tensor bias = torch::zeros({1024}).requires_grad_();
  const auto call = [&] { return at::conv2d(x, weight, bias, {1, 1}, {2, 0}); };
  const double gflop = 2e-9 * static_cast<double>(call().numel() * 1024 * 5);
  print_products(
      fmt::format("MPD as float32 takes it, period {}: 8 x 1024 to 1024, 5 taps, {}", period, rows),
      at::kFloat,
      gflop,
      times_of(call),
      peaks);
}

void print_elements(const std::string& what,
                    at::ScalarType type,
                    std::int64_t elements,
                    double bytes_an_element,
                    const Times& times,
                    const Peaks& peaks) {
  const auto count = static_cast<double>(elements);
  const double forward_gb = 1e-9 * bytes_an_element * count / times.forward_s;
  fmt::print(
      "| {} | {} | {:.2f} | {:.2f} | {:.3f} ns/element, {:.0f} % of a copy | {:.3f} ns/element |\n",
      what,
      type == at::kFloat ? "fp32" : "bf16",
      times.forward_s * 1e3,
      times.both_s * 1e3,
      times.forward_s * 1e9 / count,
      100 * forward_gb / peaks.copy_gb_per_s,
      times.both_s * 1e9 / count);
}

void bench_snakes(at::IntArrayRef size_BCT, at::ScalarType type, const Peaks& peaks) {
  const at::Tensor x = channels_last(size_BCT, type).requires_grad_();
  const at::Tensor y = channels_last(size_BCT, type).requires_grad_();
  const at::Tensor alpha = torch::ones({size_BCT[1]}).requires_grad_();
  const at::Tensor beta = torch::ones({size_BCT[1]}).requires_grad_();
  const double width = type == at::kFloat ? 4 : 2;
  const std::string size = fmt::format("{} x {}, {}", size_BCT[0], size_BCT[1], size_BCT[2]);
  print_elements("Snake: " + size,
                 type,
                 x.numel(),
                 2 * width,
                 times_of([&] { return kernels::snake(x, alpha); }),
                 peaks);
  print_elements("Snake-beta: " + size,
                 type,
                 x.numel(),
                 2 * width,
                 times_of([&] { return kernels::snake_beta(x, alpha, beta); }),
                 peaks);
  print_elements("sum and Snake of it: " + size,
                 type,
                 x.numel(),
                 4 * width,
                 times_of([&] { return kernels::add_snake(x, y, alpha).y_BCT; }),
                 peaks);
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
  fmt::print("| mel loss, 7 scales: 8 x 16000 | fp32 | {:.2f} | {:.2f} | | |\n",
             forward * 1e3,
             both * 1e3);
}

void run() {
  fmt::print("{}; CPU level {}\n\n",
             tensor::device_summary(torch::kCPU),
             kernels::cpu_level_name(kernels::cpu_level()));
  const Peaks peaks{product_rate(at::kFloat), product_rate(at::kBFloat16), copy_rate()};
  fmt::print(
      "Products of 2048 x 2048 matrices: float32 {:.0f}, bfloat16 {:.0f} GFLOP/s; copy {:.1f} "
      "GB/s (read and written). Shares are of these.\n\n",
      peaks.float32,
      peaks.bfloat16,
      peaks.copy_gb_per_s);
  fmt::print(
      "| kernel | type | forward ms | both ms | forward | both |\n|---|---|---|---|---|---|\n");
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    for (const Layer1d& layer : {Layer1d{"unit", 8, 16, 16, 7, 1, 1, 16000},
                                 Layer1d{"unit", 8, 16, 16, 7, 1, 9, 16000},
                                 Layer1d{"unit", 8, 64, 64, 7, 1, 9, 4000},
                                 Layer1d{"unit", 8, 128, 128, 7, 1, 3, 1000},
                                 Layer1d{"unit", 8, 256, 256, 7, 1, 1, 800},
                                 Layer1d{"unit", 1, 768, 768, 7, 1, 1, 6896},
                                 Layer1d{"pointwise", 8, 64, 64, 1, 1, 1, 4000},
                                 Layer1d{"down-sampling", 8, 32, 64, 8, 4, 1, 8000},
                                 Layer1d{"last layer", 8, 16, 1, 7, 1, 1, 16000},
                                 Layer1d{"MPD, period 2", 16, 1024, 1024, 5, 1, 1, 64},
                                 Layer1d{"MPD, period 11", 88, 1024, 1024, 5, 1, 1, 12}}) {
      bench_conv1d(layer, type, peaks);
    }
    bench_transposed(128, 4, 1000, type, peaks);
    bench_conv2d(type, peaks);
    for (const std::vector<std::int64_t>& size :
         {std::vector<std::int64_t>{8, 16, 16000}, {8, 256, 800}, {1, 96, 220500}}) {
      bench_snakes(size, type, peaks);
    }
  }
  bench_library_conv2d(2, 64, peaks);
  bench_library_conv2d(11, 12, peaks);
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
