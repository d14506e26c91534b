/// kilonat info: what a model, a run, a latents file or a sound holds.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "kilonat/audio/file.h"
#include "kilonat/base/errors.h"
#include "kilonat/cli/commands.h"
#include "kilonat/codec/model_file.h"
#include "kilonat/data/file_source.h"
#include "kilonat/generation/generator.h"
#include "kilonat/metrics/latent_statistics.h"
#include "kilonat/tensor/safetensors.h"
#include "kilonat/train/checkpoint.h"
#include "kilonat/train/run_folder.h"

namespace kilonat::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct InfoFlags {
  CommonFlags common;
  std::string path;
};

std::vector<double> numbers_of(const at::Tensor& tensor_D) {
  if (!tensor_D.defined()) return {};
  const at::Tensor values = tensor_D.to(at::kDouble).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

/// Channels that tell something: without the nats of their offset and scale, as kilonat eval
/// counts.
std::int64_t num_active_channels(const codec::ModelMetadata& metadata) {
  const at::Tensor nats_D = metrics::informative_nats(
      metadata.nats_per_channel_D, {metadata.aggregate_mean_D, metadata.aggregate_variance_D});
  return (nats_D > metrics::kActiveNats).sum().item<std::int64_t>();
}

json json_of_model(const codec::LoadedModel& loaded) {
  const codec::AutoencoderOptions& options = loaded.model->options();
  const codec::ModelMetadata& metadata = loaded.metadata;
  json object{{"kind", "model"},
              {"origin", metadata.origin},
              {"bottleneck", options.bottleneck.kind},
              {"parameters", loaded.model->num_parameters()},
              {"sample_rate_hz", options.sample_rate_hz},
              {"num_channels", options.num_channels},
              {"hop_length", loaded.model->hop_length()},
              {"frame_rate_hz", loaded.model->frame_rate_hz()},
              {"training_steps", metadata.training_steps}};
  if (metadata.target_kbps > 0) object["target_kbps"] = metadata.target_kbps;
  if (metadata.rate_kbps > 0) object["rate_kbps"] = metadata.rate_kbps;
  if (metadata.excerpt_kbps > 0) object["excerpt_kbps"] = metadata.excerpt_kbps;
  if (options.bottleneck.kind != "gaussian") return object;
  object["latent_channels"] = options.bottleneck.latent_channels;
  if (const auto nats = numbers_of(metadata.nats_per_channel_D); !nats.empty()) {
    object["informative_kbps"] = metadata.informative_kbps;
    object["nats_per_frame"] = metadata.nats_per_frame;
    object["nats_per_channel"] = nats;
    object["active_channels"] = num_active_channels(metadata);
  }
  return object;
}

void print_model(const CommonFlags& flags, const json& m) {
  say(flags,
      fmt::format("model          {} parameters, {} bottleneck, {}",
                  m["parameters"].get<std::int64_t>(),
                  m["bottleneck"].get<std::string>(),
                  m["training_steps"] == 0
                      ? "imported from " + m["origin"].get<std::string>()
                      : fmt::format("{} training steps", m["training_steps"].get<std::int64_t>())));
  say(flags,
      fmt::format("audio          {} Hz, {} channel(s)",
                  m["sample_rate_hz"].get<std::int64_t>(),
                  m["num_channels"].get<std::int64_t>()));
  say(flags,
      fmt::format("frames         {:.4g} per second, {} samples each",
                  m["frame_rate_hz"].get<double>(),
                  m["hop_length"].get<std::int64_t>()));
  if (m.contains("target_kbps")) {
    say(flags,
        fmt::format("target rate    {:.4g} kbit/s{}",
                    m["target_kbps"].get<double>(),
                    m.contains("excerpt_kbps") ? fmt::format("; on fresh training excerpts {:.3f}",
                                                             m["excerpt_kbps"].get<double>())
                                               : ""));
  }
  if (m.contains("nats_per_frame")) {
    say(flags,
        fmt::format("measured rate  {:.3f} kbit/s, {:.2f} nats a frame; informative {:.3f} kbit/s "
                    "(whole training clips)",
                    m["rate_kbps"].get<double>(),
                    m["nats_per_frame"].get<double>(),
                    m["informative_kbps"].get<double>()));
    say(flags,
        fmt::format("channels       {} of {} active; nats a frame of each:",
                    m["active_channels"].get<std::int64_t>(),
                    m["latent_channels"].get<std::int64_t>()));
    say(flags,
        fmt::format("               {:.2f}",
                    fmt::join(m["nats_per_channel"].get<std::vector<double>>(), " ")));
  } else if (m["bottleneck"] == "gaussian") {
    say(flags, "measured rate  unknown: run kilonat eval on sounds of your own");
  } else if (m.contains("rate_kbps")) {
    say(flags, fmt::format("nominal rate   {:.3f} kbit/s", m["rate_kbps"].get<double>()));
  }
}

json describe_tensors(const tensor::SafetensorsFile& file) {
  json object{{"kind", "tensors"}, {"metadata", file.metadata()}, {"tensors", json::object()}};
  for (const std::string& name : file.names()) {
    object["tensors"][name] = {{"type", tensor::stored_type_name(file.info(name).type)},
                               {"shape", file.info(name).shape}};
  }
  return object;
}

void print_tensors(const CommonFlags& flags, const json& object) {
  say(flags, fmt::format("safetensors    {} tensors", object["tensors"].size()));
  for (const auto& [name, tensor] : object["tensors"].items()) {
    say(flags,
        fmt::format("  {} {} [{}]",
                    name,
                    tensor["type"].get<std::string>(),
                    fmt::join(tensor["shape"].get<std::vector<std::int64_t>>(), ", ")));
  }
  for (const auto& [key, value] : object["metadata"].items()) {
    say(flags, fmt::format("  {} = {}", key, value.get<std::string>()));
  }
}

json json_of_generator(const fs::path& path) {
  const generation::GeneratorDescription found = generation::describe_generator(path);
  const generation::LatentSetInfo& latents = found.metadata.latents;
  return {{"kind", "generator"},
          {"parameters", found.num_parameters},
          {"size", found.options.transformer.size},
          {"training_steps", found.metadata.training_steps},
          {"score", found.metadata.score},
          {"typical_duration_s", found.metadata.typical_duration_s},
          {"sample_rate_hz", latents.sample_rate_hz},
          {"num_channels", latents.num_channels},
          {"frame_rate_hz", latents.frame_rate_hz()},
          {"latent_channels", latents.latent_channels},
          {"codec", latents.codec},
          {"codec_hash", latents.codec_hash},
          {"target_kbps", latents.target_kbps},
          {"measured_kbps", latents.measured_kbps}};
}

void print_generator(const CommonFlags& flags, const json& g) {
  say(flags,
      fmt::format("generator      {} parameters, {} training steps, score {:.3f} on held-out clips",
                  g["parameters"].get<std::int64_t>(),
                  g["training_steps"].get<std::int64_t>(),
                  g["score"].get<double>()));
  say(flags,
      fmt::format("audio          {} Hz, {} channel(s); sounds of {:.3g} s",
                  g["sample_rate_hz"].get<std::int64_t>(),
                  g["num_channels"].get<std::int64_t>(),
                  g["typical_duration_s"].get<double>()));
  say(flags,
      fmt::format("latents        {:.4g} frames a second, {} channels, {:.3f} kbit/s",
                  g["frame_rate_hz"].get<double>(),
                  g["latent_channels"].get<std::int64_t>(),
                  g["measured_kbps"].get<double>()));
  say(flags,
      fmt::format("codec          {} ({}), embedded",
                  g["codec"].get<std::string>(),
                  g["codec_hash"].get<std::string>()));
}

json json_of_sound(const fs::path& path) {
  const audio::AudioInfo info = audio::probe_audio(path);
  json object{{"kind", "sound"},
              {"sample_rate_hz", info.sample_rate_hz},
              {"num_channels", info.num_channels}};
  if (info.num_samples > 0) {
    object["num_samples"] = info.num_samples;
    object["seconds"] = info.duration_s();
  }
  return object;
}

void print_sound(const CommonFlags& flags, const json& sound) {
  say(flags,
      fmt::format("sound          {} Hz, {} channel(s), {}",
                  sound["sample_rate_hz"].get<std::int64_t>(),
                  sound["num_channels"].get<std::int64_t>(),
                  sound.contains("seconds") ? fmt::format("{:.3f} s ({} samples)",
                                                          sound["seconds"].get<double>(),
                                                          sound["num_samples"].get<std::int64_t>())
                                            : "length not known before its end"));
}

bool is_model(const tensor::SafetensorsFile& file) {
  return file.metadata().contains("kilonat.config");
}

json describe_file(const fs::path& path) {
  if (data::has_sound_extension(path)) return json_of_sound(path);
  if (generation::is_generator(path)) return json_of_generator(path);
  const tensor::SafetensorsFile file(path);
  return is_model(file) ? json_of_model(codec::load_model(path)) : describe_tensors(file);
}

/// A run that has not ended yet has checkpoints only.
json describe_run(const train::RunFolder& folder) {
  if (fs::exists(folder.model())) return describe_file(folder.model());
  KILONAT_REQUIRE(folder.holds_run(),
                  FormatError,
                  "'{}': a folder without config.toml or model.safetensors is no run",
                  folder.path.string());
  return {{"kind", "unfinished run"}, {"checkpoints", train::checkpoint_steps(folder.path)}};
}

void run(const InfoFlags& flags) {
  set_up_device(flags.common);
  if (!flags.common.json_path.empty()) refuse_existing(flags.common.json_path, flags.common);
  const json object =
      fs::is_directory(flags.path) ? describe_run({flags.path}) : describe_file(flags.path);
  if (object["kind"] == "model") {
    print_model(flags.common, object);
  } else if (object["kind"] == "generator") {
    print_generator(flags.common, object);
  } else if (object["kind"] == "sound") {
    print_sound(flags.common, object);
  } else if (object["kind"] == "unfinished run") {
    say(flags.common,
        fmt::format("unfinished run; checkpoints at steps: {}",
                    fmt::join(object["checkpoints"].get<std::vector<std::int64_t>>(), ", ")));
  } else {
    print_tensors(flags.common, object);
  }
  write_json(flags.common, object);
}

constexpr const char* kFooter =
    "Example:\n"
    "  kilonat info runs/tiny-2kbps\n";

}  // namespace

Command add_info_command(CLI::App& app) {
  auto flags = std::make_shared<InfoFlags>();
  CLI::App* sub =
      app.add_subcommand("info", "Say what a model, a run, a latents file or a sound holds");
  sub->add_option("path", flags->path, "A run folder, a model, a latents file, a sound")
      ->required()
      ->type_name("MODEL|RUN|FILE");
  add_device_flags(*sub, flags->common);
  add_idle_seed_flag(*sub, flags->common);
  add_json_flag(*sub, flags->common);
  add_force_flag(*sub, flags->common);
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
