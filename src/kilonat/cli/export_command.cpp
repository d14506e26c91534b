/// kilonat export: Kilonat models as the files that other libraries load.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/cli/commands.h"
#include "kilonat/codec/export/export.h"
#include "kilonat/codec/model_file.h"
#include "kilonat/train/model_format.h"

namespace kilonat::cli {
namespace {

struct ExportFlags {
  CommonFlags common;
  std::string format;
  std::string model;
  std::string out;
};

void run(const ExportFlags& flags) {
  set_up_cpu(flags.common, "export");
  const codec::LoadedModel loaded = codec::load_model(flags.model);
  const codec::ExportedModel exported = codec::export_model(*loaded.model, flags.format);
  const std::filesystem::path folder = flags.out;
  std::vector<std::string> files{(folder / exported.weights_file).string()};
  for (const auto& [name, config] : exported.configs) files.push_back((folder / name).string());
  for (const std::string& file : files) refuse_existing(file, flags.common);
  std::error_code ignored;
  KILONAT_REQUIRE(
      !std::filesystem::equivalent(files.front(), codec::model_file_path(flags.model), ignored),
      ConfigError,
      "exporting to '{}': it is the model itself; choose another folder",
      flags.out);
  if (!flags.common.json_path.empty()) refuse_existing(flags.common.json_path, flags.common);
  codec::write_exported(exported, folder);
  for (const std::string& file : files) say(flags.common, fmt::format("wrote {}", file));
  const std::optional<double> loudness_lufs = train::clip_format(loaded).loudness_lufs;
  if (loudness_lufs) {
    say(flags.common,
        fmt::format("No file of this format says so, but the model expects sounds at {} LUFS: "
                    "bring them there before encoding.",
                    *loudness_lufs));
  }
  write_json(flags.common,
             {{"model", flags.model},
              {"format", flags.format},
              {"tensors", exported.weights.size()},
              {"loudness_lufs", loudness_lufs ? nlohmann::json(*loudness_lufs) : nullptr},
              {"files", files}});
}

constexpr const char* kFooter =
    "diffusers           Oobleck: AutoencoderOobleck.from_pretrained(OUT)\n"
    "stable-audio-tools  Oobleck: a model_config.json and its model.safetensors\n"
    "transformers        DAC with RVQ: DacModel.from_pretrained(OUT)\n"
    "A model that the format cannot express is refused, with what it lacks.\n"
    "Example:\n"
    "  kilonat export diffusers runs/tamed oobleck-4kbps\n";

}  // namespace

Command add_export_command(CLI::App& app) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App* sub = app.add_subcommand("export", "Write a model as another library loads it");
  sub->add_option("format", flags->format, "diffusers, stable-audio-tools or transformers")
      ->required()
      ->type_name("FORMAT");
  sub->add_option("model", flags->model, "Model file or run folder")
      ->required()
      ->type_name("MODEL");
  sub->add_option("out", flags->out, "The folder to write into")->required()->type_name("OUT");
  add_device_flags(*sub, flags->common);
  add_idle_seed_flag(*sub, flags->common);
  add_json_flag(*sub, flags->common);
  add_force_flag(*sub, flags->common);
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
