#include "kilonat/cli/common.h"

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/kernels/cpu.h"
#include "kilonat/tensor/device.h"
#include "kilonat/tensor/memory.h"

namespace kilonat::cli {

void add_device_flags(CLI::App& app, CommonFlags& flags) {
  app.add_flag("--quiet", flags.quiet, "Print nothing but warnings and errors");
  app.add_option("--threads", flags.threads, "CPU threads; 0: all that this process may use")
      ->check(CLI::Range(0, 4096));
  app.add_option("--device", flags.device, "cpu, cuda or cuda:N")->capture_default_str();
}

void add_run_flags(CLI::App& app, CommonFlags& flags) {
  add_device_flags(app, flags);
  app.add_option("--precision",
                 flags.precision,
                 "Of activations: fp32, bf16 (faster where the CPU has instructions for it, "
                 "rounds by up to 2^-8) or auto, the default of training; else fp32")
      ->check(CLI::IsMember({"auto", "fp32", "bf16"}));
}

void add_force_flag(CLI::App& app, CommonFlags& flags) {
  app.add_flag("--force", flags.force, "Replace an output that exists");
}

void add_json_flag(CLI::App& app, CommonFlags& flags) {
  app.add_option("--json", flags.json_path, "Write the figures to this file");
}

void add_seed_flag(CLI::App& app, CommonFlags& flags) {
  app.add_option("--seed", flags.seed, "Seed of everything random")->capture_default_str();
}

void add_idle_seed_flag(CLI::App& app, CommonFlags& flags) {
  app.add_option("--seed", flags.seed, "Changes nothing: nothing here is random");
}

c10::Device set_up_device(const CommonFlags& flags) {
  tensor::set_thread_count(flags.threads);
  return tensor::parse_device(flags.device);
}

c10::Device set_up_generator_device(const CommonFlags& flags) {
  const c10::Device device = set_up_device(flags);
  tensor::keep_blas_from_spinning();
  return device;
}

void set_up_cpu(const CommonFlags& flags, std::string_view command) {
  KILONAT_REQUIRE(set_up_device(flags).is_cpu(),
                  ConfigError,
                  "{}: device {}: it runs on the CPU alone",
                  command,
                  flags.device);
}

kernels::Precision set_up_precision(const CommonFlags& flags,
                                    const c10::Device& device,
                                    std::string_view configured) {
  const std::string_view given = flags.precision.empty() ? configured : flags.precision;
  const std::string_view asked = given.empty() ? "fp32" : given;
  const bool is_gpu = !device.is_cpu();
  const kernels::Precision precision =
      kernels::parse_precision(asked == "auto" && is_gpu ? "fp32" : asked);
  const char* why = asked == "auto"            ? "chosen for this machine"
                    : !flags.precision.empty() ? "as asked"
                    : configured.empty()       ? "the default here"
                                               : "as configured";
  // On standard output: an error must stay the one line on standard error.
  say(flags,
      fmt::format("precision {} ({}), CPU level {}; {}",
                  kernels::precision_name(precision),
                  why,
                  kernels::cpu_level_name(kernels::cpu_level()),
                  tensor::device_summary(device)));
  return precision;
}

void require_fp32(const CommonFlags& flags, std::string_view command) {
  KILONAT_REQUIRE(flags.precision.empty() || flags.precision == "fp32",
                  ConfigError,
                  "{}: precision {}: generators are trained in fp32",
                  command,
                  flags.precision);
}

void say_precision_snr(const CommonFlags& flags, double snr_db, double duration_s) {
  say(flags, fmt::format("bf16: {:.1f} dB SNR against fp32 (first {:.1f} s)", snr_db, duration_s));
}

void refuse_existing(const std::filesystem::path& path, const CommonFlags& flags) {
  KILONAT_REQUIRE(flags.force || !std::filesystem::exists(path),
                  ConfigError,
                  "'{}' exists; --force replaces it",
                  path.string());
}

void write_json(const CommonFlags& flags, const nlohmann::json& json) {
  if (flags.json_path.empty()) return;
  // Names from foreign files may be no UTF-8.
  write_text_atomic(flags.json_path,
                    json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void say(const CommonFlags& flags, std::string_view line) {
  if (!flags.quiet) fmt::print("{}\n", line);
}

void say_peak_memory(const CommonFlags& flags) {
  say(flags, fmt::format("peak memory: {}", tensor::memory_text(tensor::peak_memory_bytes())));
}

}  // namespace kilonat::cli
