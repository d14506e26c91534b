/// A training step of the generator on latents, without the optimiser. Arguments: the size (0
/// micro, 1 tiny, 2 small, 3 s) and latent frames a row, of which half to all are valid; 32 rows.
/// Threads: all usable CPUs, or KILONAT_BENCH_THREADS.

#include <array>
#include <cstdlib>

#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "kilonat/diffusion/flow.h"
#include "kilonat/diffusion/transformer.h"
#include "kilonat/tensor/device.h"
#include "kilonat/tensor/memory.h"
#include "kilonat/tensor/random.h"

namespace kilonat {
namespace {

constexpr std::int64_t kBatch = 32;
constexpr std::int64_t kTokens = 8;

struct Step {
  explicit Step(const benchmark::State& state)
      : model(diffusion::TransformerOptions{.size =
                                                kSizes[static_cast<std::size_t>(state.range(0))]}),
        x_BCF(torch::randn({kBatch, 32, state.range(1)})),
        mask_BF(torch::arange(state.range(1)) <
                torch::randint(state.range(1) / 2, state.range(1) + 1, {kBatch, 1})),
        captions{torch::randn({kBatch, kTokens, 128}),
                 torch::ones({kBatch, kTokens}, torch::kBool),
                 torch::randn({kBatch, 128})} {
    model->initialise(generator);
  }

  at::Tensor loss() {
    const at::Tensor t_B = diffusion::draw_times({}, kBatch, generator);
    const at::Tensor noise_BCF = tensor::normal_like(x_BCF, generator);
    const auto example =
        diffusion::make_example(diffusion::Objective::kRectifiedFlow, x_BCF, noise_BCF, t_B);
    const at::Tensor velocity_BCF = model(example.x_t_BCF,
                                          t_B,
                                          torch::full({kBatch}, 5.0),
                                          mask_BF,
                                          captions,
                                          torch::rand({kBatch}, generator) < 0.1);
    return diffusion::flow_loss(velocity_BCF, example.target_BCF, mask_BF);
  }

  static constexpr std::array<const char*, 4> kSizes{"micro", "tiny", "small", "s"};
  diffusion::DiffusionTransformer model;
  at::Tensor x_BCF;
  at::Tensor mask_BF;
  text::TextFeatures captions;
  at::Generator generator = tensor::make_generator(1);
};

void generator_forward_backward(benchmark::State& state) {
  Step step(state);
  for (auto _ : state) {
    step.model->zero_grad();
    step.loss().backward();
  }
  state.counters["parameters"] = static_cast<double>(step.model->num_parameters());
}
BENCHMARK(generator_forward_backward)
    ->Args({0, 125})
    ->Args({0, 250})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MinTime(3);

void generator_forward(benchmark::State& state) {
  Step step(state);
  const torch::NoGradGuard no_grad;
  for (auto _ : state) benchmark::DoNotOptimize(step.loss());
}
BENCHMARK(generator_forward)
    ->Args({0, 125})
    ->Args({0, 250})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MinTime(2);

}  // namespace
}  // namespace kilonat

int main(int argc, char** argv) {
  if (std::getenv("KILONAT_BENCH_PLAIN_MALLOC") == nullptr) kilonat::tensor::keep_freed_memory();
  const char* threads = std::getenv("KILONAT_BENCH_THREADS");
  kilonat::tensor::set_thread_count(threads == nullptr ? 0 : std::atoi(threads));
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
