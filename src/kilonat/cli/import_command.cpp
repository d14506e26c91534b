/// kilonat import: official checkpoints as Kilonat models.

#include <cmath>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/printable.h"
#include "kilonat/cli/commands.h"
#include "kilonat/codec/import/import.h"
#include "kilonat/codec/model_file.h"
#include "kilonat/train/model_format.h"

namespace kilonat::cli {
namespace {

struct ImportFlags {
  CommonFlags common;
  std::string family;
  std::string in;
  std::string out;
  std::string config;
  std::int64_t sample_rate_hz = 0;
  bool match_official = false;
  std::optional<double> loudness_lufs;
};

void run(const ImportFlags& flags) {
  set_up_cpu(flags.common, "import");
  refuse_existing(flags.out, flags.common);
  if (!flags.common.json_path.empty()) refuse_existing(flags.common.json_path, flags.common);
  KILONAT_REQUIRE(!flags.loudness_lufs || std::isfinite(*flags.loudness_lufs),
                  ConfigError,
                  "--loudness: expected a number of LUFS");
  const codec::ImportedModel imported =
      codec::import_checkpoint(flags.in,
                               {.family = flags.family == "auto" ? "" : flags.family,
                                .config = flags.config,
                                .sample_rate_hz = flags.sample_rate_hz,
                                .match_official = flags.match_official});
  codec::ModelMetadata metadata;
  metadata.origin = imported.family;
  metadata.rate_kbps = codec::nominal_rate_kbps(imported.model->options());
  train::set_loudness(metadata, flags.loudness_lufs);
  codec::save_model(flags.out, *imported.model, metadata);

  const codec::AutoencoderOptions& options = imported.model->options();
  say(flags.common,
      fmt::format("{} ({} names{}): {} parameters, {} Hz, {} channels, {:.4g} frames/s",
                  imported.family,
                  imported.key_style,
                  imported.prefix.empty() ? "" : fmt::format(", from '{}'", imported.prefix),
                  imported.model->num_parameters(),
                  options.sample_rate_hz,
                  options.num_channels,
                  imported.model->frame_rate_hz()));
  if (!imported.ignored.empty()) {
    say(flags.common,
        fmt::format("left out: {} tensors that are no part of the codec: '{}' and the like",
                    imported.ignored.size(),
                    printable(imported.ignored.front())));
  }
  say(flags.common, fmt::format("model: {}", flags.out));
  write_json(flags.common,
             {{"model", flags.out},
              {"family", imported.family},
              {"parameters", imported.model->num_parameters()},
              {"sample_rate_hz", options.sample_rate_hz},
              {"num_channels", options.num_channels},
              {"frame_rate_hz", imported.model->frame_rate_hz()},
              {"left_out", imported.ignored}});
}

constexpr const char* kFooter =
    "Reads .safetensors and PyTorch's zip pickles (.pth, .ckpt); a pickle can build tensors and "
    "plain\n"
    "containers only, so a malicious one runs nothing.\n"
    "Example:\n"
    "  kilonat import dac weights_44khz_8kbps.pth dac44.safetensors\n";

}  // namespace

Command add_import_command(CLI::App& app) {
  auto flags = std::make_shared<ImportFlags>();
  CLI::App* sub = app.add_subcommand("import", "Convert an official checkpoint");
  sub->add_option("family", flags->family, "dac, dacvae, oobleck, or auto")
      ->required()
      ->type_name("FAMILY");
  sub->add_option("in", flags->in, "The checkpoint")->required()->type_name("IN");
  sub->add_option("out", flags->out, "The model file to write")->required()->type_name("OUT");
  sub->add_option("--config", flags->config, "The family's own config (JSON)")->type_name("JSON");
  sub->add_option("--sample-rate", flags->sample_rate_hz, "If no config says it, Hz")
      ->check(CLI::Range(1, 1000000));
  sub->add_flag("--match-official",
                flags->match_official,
                "Keep the official lengths, which odd strides cut short");
  sub->add_option("--loudness",
                  flags->loudness_lufs,
                  "Bring sounds to this before coding, LUFS (the dac program: -16)")
      ->check(CLI::Range(-70.0, 0.0));
  add_device_flags(*sub, flags->common);
  add_idle_seed_flag(*sub, flags->common);
  add_json_flag(*sub, flags->common);
  add_force_flag(*sub, flags->common);
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
