/// kilonat latents: a captioned source to the latents that a generator is trained on.

#include <iostream>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/progress.h"
#include "kilonat/cli/commands.h"
#include "kilonat/codec/model_file.h"
#include "kilonat/train/latent_encoding.h"

namespace kilonat::cli {
namespace {

struct LatentsFlags {
  CommonFlags common;
  std::string model;
  std::string out;
  train::LatentOptions options;
};

void run(const LatentsFlags& flags) {
  const c10::Device device = set_up_device(flags.common);
  refuse_existing(flags.out, flags.common);
  if (!flags.common.json_path.empty()) refuse_existing(flags.common.json_path, flags.common);
  const std::filesystem::path model_file = codec::model_file_path(flags.model);
  codec::LoadedModel loaded = codec::load_model(model_file, device);
  const kernels::Precision precision = set_up_precision(flags.common, device);
  loaded.model->set_precision(precision);
  train::LatentOptions options = flags.options;
  if (!flags.common.quiet && precision == kernels::Precision::kBf16) {
    options.on_precision_snr = [&flags](const train::PrecisionSnr& snr) {
      say_precision_snr(flags.common, snr.snr_db, snr.duration_s);
    };
  }
  options.seed = flags.common.seed;
  Progress progress(
      {.label = "latents", .unit = "clip", .quiet = flags.common.quiet, .terminal = is_terminal(2)},
      std::cerr);
  const train::LatentSummary summary = train::encode_latents(
      loaded, model_file, options, flags.out, [&](std::int64_t done, std::int64_t total) {
        progress.update(done, fmt::format("of {}", total));
      });
  progress.finish();
  say(flags.common,
      fmt::format("{}: {} clips in {} variants, {:.0f} s, {:.3f} kbit/s",
                  flags.out,
                  summary.num_clips,
                  summary.num_items,
                  summary.duration_s,
                  summary.rate_kbps));
  write_json(flags.common,
             {{"clips", summary.num_clips},
              {"variants", summary.num_items},
              {"unusable_clips", summary.num_unusable},
              {"seconds", summary.duration_s},
              {"rate_kbps", summary.rate_kbps}});
}

constexpr const char* kFooter =
    "A variant beyond the first is the clip cut, scaled and turned over at random before it is\n"
    "encoded. The clips outside the split 'train' are encoded once, as they are.\n"
    "Example:\n"
    "  kilonat latents runs/tiny-2kbps --data clips.csv --out latents/tiny-2kbps\n";

void add_variant_flags(CLI::App& sub, train::LatentOptions& options) {
  sub.add_option("--augmentations", options.variants, "Variants of each training clip")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  sub.add_option("--max-seconds", options.max_s, "Longer clips are cut to this")
      ->check(CLI::Range(0.05, 3600.0))
      ->capture_default_str();
  sub.add_option(
         "--cut", options.most_cut_s, "Variants are so many seconds shorter, begun at random")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  sub.add_option("--gain", options.most_gain_db, "Variants are up to so many dB louder or softer")
      ->check(CLI::Range(0.0, 60.0))
      ->capture_default_str();
}

}  // namespace

Command add_latents_command(CLI::App& app) {
  auto flags = std::make_shared<LatentsFlags>();
  CLI::App* sub = app.add_subcommand("latents", "Encode captioned sounds for a generator");
  sub->add_option("model", flags->model, "A codec: run folder or model.safetensors")
      ->required()
      ->type_name("MODEL");
  sub->add_option(
         "--data", flags->options.sources, "Sounds with captions: manifests, procedural:NAME")
      ->required()
      ->type_name("SOURCE");
  sub->add_option("--out", flags->out, "The folder to write")->required()->type_name("DIR");
  sub->add_option("--split", flags->options.split, "train, valid, test or all")
      ->check(CLI::IsMember({"train", "valid", "test", "all"}))
      ->capture_default_str();
  add_variant_flags(*sub, flags->options);
  add_seed_flag(*sub, flags->common);
  add_run_flags(*sub, flags->common);
  add_json_flag(*sub, flags->common);
  add_force_flag(*sub, flags->common);
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
