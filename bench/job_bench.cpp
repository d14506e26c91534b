/// One job of a codec, a call at a time on request, so that another program can be timed in turn.
///
/// Usage: job_bench JOB CONFIG [precision=P] [threads=N] [batch=B] [seconds=S]
/// [section.key=value]..
///   JOB: encode or decode a sound of S seconds (default 10), step (training, batch of B excerpts
///   of S seconds; default as the config says; one micro-batch), gan_step (the same with
///   discriminators).
/// Prints "ready" and what it is, then for every line read one line: wall and CPU seconds of a
/// call. At the end of the input: "peak BYTES", resident.

#include <chrono>
#include <ctime>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/codec/autoencoder.h"
#include "kilonat/config/schema.h"
#include "kilonat/kernels/cpu.h"
#include "kilonat/kernels/precision.h"
#include "kilonat/tensor/device.h"
#include "kilonat/tensor/memory.h"
#include "kilonat/train/codec_step.h"

namespace kilonat {
namespace {

struct Request {
  std::string job;
  train::CodecTrainOptions options;
  double seconds = 0;  // 0: the job's default
  int threads = 0;
};

/// Splits off our own settings; what is left belongs to the config.
Request read_request(int argc, char** argv) {
  Request request{.job = argv[1]};
  std::vector<std::string> overrides{"run.micro_batches=1"};
  std::map<std::string, std::string> own{{"precision", "auto"}, {"threads", "0"}, {"seconds", "0"}};
  for (int i = 3; i < argc; ++i) {
    const std::string text = argv[i];
    const auto equals = text.find('=');
    const std::string key = text.substr(0, equals);
    if (own.contains(key)) {
      own[key] = text.substr(equals + 1);
    } else if (key == "batch") {
      overrides.push_back("data.excerpts.batch_size" + text.substr(equals));
    } else {
      overrides.push_back(text);
    }
  }
  config::load(argv[2], overrides, request.options);
  request.options.run.precision = own["precision"];
  request.seconds = std::stod(own["seconds"]);
  request.threads = std::stoi(own["threads"]);
  return request;
}

/// A call of the job; keeps what it needs.
std::function<void()> make_inference(const Request& request) {
  codec::Autoencoder model(request.options.codec, 1);
  model->eval();
  model->set_precision(kernels::parse_precision(request.options.run.precision));
  const double seconds = request.seconds > 0 ? request.seconds : 10.0;
  const auto samples =
      static_cast<std::int64_t>(seconds * static_cast<double>(model->options().sample_rate_hz));
  const at::Tensor audio = torch::randn({1, model->options().num_channels, samples}) * 0.1;
  if (request.job == "encode") {
    return [model, audio]() mutable {
      const torch::NoGradGuard no_grad;
      (void)model->encode(audio);
    };
  }
  at::Tensor latent;
  {
    const torch::NoGradGuard no_grad;
    latent = model->encode(audio).latent_BDF;
  }
  return [model, latent]() mutable {
    const torch::NoGradGuard no_grad;
    (void)model->decode_latent(latent);
  };
}

std::function<void()> make_training(Request request) {
  train::CodecTrainOptions& options = request.options;
  options.adversarial.start_step = request.job == "gan_step" ? 0 : -1;
  if (request.seconds > 0) options.data.excerpts.duration_s = request.seconds;
  codec::Autoencoder model(options.codec, 1);
  model->train();
  auto step = std::make_shared<train::CodecStep>(options, model, torch::kCPU);
  const at::Tensor audio = torch::randn({options.data.excerpts.batch_size,
                                         options.codec.num_channels,
                                         train::excerpt_samples(options)}) *
                           0.1;
  return [step, audio, number = std::int64_t{0}]() mutable {
    const train::StepResult result = step->run(number++, audio);
    if (!result.not_finite.empty()) std::cerr << "not finite: " << result.not_finite << "\n";
  };
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void serve(const std::function<void()>& call) {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto start = std::chrono::steady_clock::now();
    const double cpu_start = cpu_seconds();
    call();
    const double cpu_s = cpu_seconds() - cpu_start;
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    fmt::print("{:.6f} {:.6f}\n", wall.count(), cpu_s);
    std::fflush(stdout);
  }
  fmt::print("peak {}\n", tensor::peak_memory_bytes());
}

void run(const Request& request) {
  tensor::set_thread_count(request.threads);
  const bool is_inference = request.job == "encode" || request.job == "decode";
  const std::function<void()> call =
      is_inference ? make_inference(request) : make_training(request);
  call();
  call();
  fmt::print("ready {} {} {} {}\n",
             request.job,
             kernels::precision_name(kernels::parse_precision(request.options.run.precision)),
             kernels::cpu_level_name(kernels::cpu_level()),
             tensor::device_summary(torch::kCPU));
  std::fflush(stdout);
  serve(call);
}

}  // namespace
}  // namespace kilonat

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: job_bench encode|decode|step|gan_step CONFIG [key=value]...\n";
    return 2;
  }
  kilonat::tensor::keep_freed_memory();
  try {
    kilonat::kernels::limit_library_to_cpu_level();
    kilonat::run(kilonat::read_request(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
