/// kilonat encode, decode, reconstruct: sound files of any length to latents and back.

#include <functional>
#include <iostream>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/progress.h"
#include "kilonat/cli/commands.h"
#include "kilonat/codec/model_file.h"
#include "kilonat/tensor/memory.h"
#include "kilonat/train/file_coding.h"

namespace kilonat::cli {
namespace {

struct CodingFlags {
  CommonFlags common;
  std::string model;
  std::string in;
  std::string out;
  bool mean = false;
};

/// encode_file, decode_file or reconstruct_file.
using Coding = std::function<train::CodingReport(const codec::LoadedModel&,
                                                 const std::filesystem::path&,
                                                 const std::filesystem::path&,
                                                 const train::CodingOptions&)>;

void run(const CodingFlags& flags, const std::string& label, const Coding& code) {
  const c10::Device device = set_up_device(flags.common);
  refuse_existing(flags.out, flags.common);
  if (!flags.common.json_path.empty()) refuse_existing(flags.common.json_path, flags.common);
  codec::LoadedModel loaded = codec::load_model(flags.model, device);
  const kernels::Precision precision = set_up_precision(flags.common, device);
  loaded.model->set_precision(precision);
  Progress progress(
      {.label = label, .unit = "second", .quiet = flags.common.quiet, .terminal = is_terminal(2)},
      std::cerr);
  train::CodingOptions options{.seed = flags.common.seed, .sample = !flags.mean};
  options.on_progress = [&](double done_s, double total_s) {
    progress.update(static_cast<std::int64_t>(done_s),
                    total_s > 0 ? fmt::format("of {:.0f} s", total_s) : "");
  };
  if (!flags.common.quiet && precision == kernels::Precision::kBf16) {
    options.on_precision_snr = [&flags](const train::PrecisionSnr& snr) {
      say_precision_snr(flags.common, snr.snr_db, snr.duration_s);
    };
  }
  const train::CodingReport report = code(loaded, flags.in, flags.out, options);
  progress.finish();
  say(flags.common,
      fmt::format("{}: {:.2f} s, {} frames{}",
                  flags.out,
                  report.duration_s,
                  report.num_frames,
                  report.rate_kbps > 0 ? fmt::format(", {:.3f} kbit/s", report.rate_kbps) : ""));
  say_peak_memory(flags.common);
  write_json(flags.common,
             {{"seconds", report.duration_s},
              {"frames", report.num_frames},
              {"nats_per_frame", report.nats_per_frame},
              {"rate_kbps", report.rate_kbps},
              {"peak_memory_bytes", tensor::peak_memory_bytes()}});
}

struct CodingTexts {
  const char* name;
  const char* description;
  const char* in_type;
  const char* out_type;
  const char* footer;
};

Command add_coding_command(CLI::App& app, const CodingTexts& texts, const Coding& code) {
  auto flags = std::make_shared<CodingFlags>();
  CLI::App* sub = app.add_subcommand(texts.name, texts.description);
  sub->add_option("model", flags->model, "A run folder or its model.safetensors")
      ->required()
      ->type_name("MODEL");
  sub->add_option("in", flags->in, "What to read")->required()->type_name(texts.in_type);
  sub->add_option("out", flags->out, "What to write")->required()->type_name(texts.out_type);
  if (std::string(texts.name) != "encode") {
    sub->add_flag("--mean",
                  flags->mean,
                  "Decode the posterior's mean, not a sample: more than the rate says");
    add_seed_flag(*sub, flags->common);
  } else {
    add_idle_seed_flag(*sub, flags->common);
  }
  add_run_flags(*sub, flags->common);
  add_json_flag(*sub, flags->common);
  add_force_flag(*sub, flags->common);
  sub->footer(texts.footer);
  const std::string label = texts.name;
  return {sub, [flags, label, code] { run(*flags, label, code); }};
}

}  // namespace

Command add_encode_command(CLI::App& app) {
  return add_coding_command(
      app,
      {"encode",
       "Encode a sound file to latents",
       "SOUND",
       "LATENTS.safetensors",
       "Writes the posterior's mean and stddev [channels, frames] (rvq: codes).\n"
       "Example:\n"
       "  kilonat encode runs/tiny-2kbps rain.wav rain.safetensors\n"},
      train::encode_file);
}

Command add_decode_command(CLI::App& app) {
  return add_coding_command(
      app,
      {"decode",
       "Decode latents to a sound file",
       "LATENTS.safetensors",
       "SOUND.wav|.flac",
       "Example:\n"
       "  kilonat decode runs/tiny-2kbps rain.safetensors rain-decoded.wav\n"},
      train::decode_file);
}

Command add_reconstruct_command(CLI::App& app) {
  return add_coding_command(app,
                            {"reconstruct",
                             "Encode and decode a sound file in one go",
                             "SOUND",
                             "SOUND.wav|.flac",
                             "Example:\n"
                             "  kilonat reconstruct runs/tiny-2kbps rain.wav rain-decoded.wav\n"},
                            train::reconstruct_file);
}

}  // namespace kilonat::cli
