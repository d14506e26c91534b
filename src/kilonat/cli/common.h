#pragma once
/// What the subcommands share: their flags, their output files, their tables.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>
#include <c10/core/Device.h>
#include <nlohmann/json_fwd.hpp>

#include "kilonat/kernels/precision.h"

namespace kilonat::cli {

/// A subcommand: its parser and what it does once the command line is read.
struct Command {
  CLI::App* app = nullptr;
  std::function<void()> run;
};

/// Flags that mean the same everywhere.
struct CommonFlags {
  bool quiet = false;
  bool force = false;
  std::string json_path;  ///< empty: no JSON
  std::uint64_t seed = 0;
  int threads = 0;  ///< 0: one for each CPU of the affinity mask
  std::string device = "cpu";
  std::string precision;  ///< auto, fp32 or bf16; empty: not given
};

/// --quiet, --threads, --device.
void add_device_flags(CLI::App& app, CommonFlags& flags);
/// Those, and --precision.
void add_run_flags(CLI::App& app, CommonFlags& flags);
void add_force_flag(CLI::App& app, CommonFlags& flags);
void add_json_flag(CLI::App& app, CommonFlags& flags);
void add_seed_flag(CLI::App& app, CommonFlags& flags);
/// --seed where nothing is random, so that scripts can give every command the same flags.
void add_idle_seed_flag(CLI::App& app, CommonFlags& flags);

/// Applies --threads and --device. @throws ConfigError for a device that is not there.
c10::Device set_up_device(const CommonFlags& flags);

/// The same for a command that runs a generator: see tensor::keep_blas_from_spinning().
c10::Device set_up_generator_device(const CommonFlags& flags);

/// The same for a command that no GPU helps. @throws ConfigError if --device names one.
/// @param command  for the message.
void set_up_cpu(const CommonFlags& flags, std::string_view command);

/// The precision that --precision names, or else `configured`, or else fp32; auto for a GPU is
/// fp32. Says which it is.
kernels::Precision set_up_precision(const CommonFlags& flags,
                                    const c10::Device& device,
                                    std::string_view configured = {});

/// @throws ConfigError if --precision asks for anything but fp32. @param command  for the message.
void require_fp32(const CommonFlags& flags, std::string_view command);

/// Says how far bfloat16 is from float32.
void say_precision_snr(const CommonFlags& flags, double snr_db, double duration_s);

/// @throws ConfigError if `path` exists and --force was not given.
void refuse_existing(const std::filesystem::path& path, const CommonFlags& flags);

/// Writes `json` to the file named by --json; nothing without one.
void write_json(const CommonFlags& flags, const nlohmann::json& json);

/// Prints a line to standard output unless --quiet.
void say(const CommonFlags& flags, std::string_view line);
/// Says how much memory the process took at most.
void say_peak_memory(const CommonFlags& flags);

}  // namespace kilonat::cli
