/// A whole training step without discriminators, and its parts: KILONAT bench of what users wait
/// for. Threads: all usable CPUs, or KILONAT_BENCH_THREADS.

#include <cstdlib>

#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "kilonat/codec/autoencoder.h"
#include "kilonat/loss/spectral_loss.h"
#include "kilonat/tensor/device.h"
#include "kilonat/tensor/memory.h"
#include "kilonat/tensor/random.h"
#include "kilonat/train/adamw.h"
#include "kilonat/train/named_tensors.h"

namespace kilonat {
namespace {

/// 16 kHz mono, hop 320, widths 16 .. 256: a small codec as people train on a laptop.
codec::AutoencoderOptions small16() {
  codec::AutoencoderOptions options;
  options.sample_rate_hz = 16000;
  options.encoder_channels = 16;
  options.encoder_strides = {2, 4, 5, 8};
  options.decoder_channels = 256;
  options.decoder_strides = {8, 5, 4, 2};
  options.bottleneck.latent_channels = 32;
  return options;
}

struct Step {
  Step()
      : model(small16()),
        mel(loss::MelLossOptions{}, 16000),
        audio_BCT(torch::randn({8, 1, 16000}) * 0.1) {
    for (const auto& item : model->named_parameters()) parameters.emplace(item.key(), item.value());
  }

  at::Tensor forward() {
    const codec::Reconstruction result =
        model->forward(audio_BCT, {.sample = true, .generator = generator});
    const codec::Posterior& posterior = *result.latent.posterior;
    const at::Tensor kl = codec::gaussian_kl_nats(posterior.mean_BDF, posterior.stddev_BDF).mean();
    return 15 * mel(result.audio_BCT, audio_BCT) + 0.01 * kl;
  }

  codec::Autoencoder model;
  loss::SpectralLoss mel;
  at::Tensor audio_BCT;
  at::Generator generator = tensor::make_generator(1);
  train::NamedTensors parameters;
};

void train_step(benchmark::State& state) {
  Step step;
  train::AdamW optimiser(step.parameters, {});
  for (auto _ : state) {
    optimiser.zero_gradients_();
    step.forward().backward();
    (void)optimiser.clip_gradients_();
    optimiser.step_(1.0);
  }
  state.counters["parameters"] = static_cast<double>(step.model->num_parameters());
}
BENCHMARK(train_step)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(4);

void codec_forward(benchmark::State& state) {
  Step step;
  for (auto _ : state) benchmark::DoNotOptimize(step.model->forward(step.audio_BCT));
}
BENCHMARK(codec_forward)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(2);

void codec_forward_backward(benchmark::State& state) {
  Step step;
  for (auto _ : state) step.model->forward(step.audio_BCT).audio_BCT.sum().backward();
}
BENCHMARK(codec_forward_backward)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(3);

void mel_loss_forward_backward(benchmark::State& state) {
  Step step;
  const at::Tensor estimate = torch::randn({8, 1, 16000}).requires_grad_();
  for (auto _ : state) step.mel(estimate, step.audio_BCT).backward();
}
BENCHMARK(mel_loss_forward_backward)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(2);

void optimiser_step(benchmark::State& state) {
  Step step;
  step.forward().backward();
  train::AdamW optimiser(step.parameters, {});
  for (auto _ : state) {
    (void)optimiser.clip_gradients_();
    optimiser.step_(1.0);
  }
}
BENCHMARK(optimiser_step)->Unit(benchmark::kMillisecond)->UseRealTime();

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
