/// kilonat eval: what a codec's latents carry, and how far its sounds are off.

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/base/png.h"
#include "kilonat/base/progress.h"
#include "kilonat/cli/commands.h"
#include "kilonat/codec/model_file.h"
#include "kilonat/dsp/spectrogram_image.h"
#include "kilonat/metrics/visqol/visqol.h"
#include "kilonat/tensor/memory.h"
#include "kilonat/train/codec_eval.h"
#include "kilonat/train/model_format.h"
#include "kilonat/train/precision_snr.h"
#include "kilonat/train/sound_files.h"

namespace kilonat::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct EvalFlags {
  CommonFlags common;
  std::string model;
  std::vector<std::string> sources;
  std::string split = "all";
  std::string audio_folder;
  bool mean = false;
  bool visqol = false;
  std::string visqol_model;
};

/// JSON has no NaN: an absent ratio is null.
json json_or_null(const std::optional<double>& value) {
  return value ? json(*value) : json();
}

void add_distances(json& object, const metrics::Distances& distances) {
  object["mel_distance"] = distances.mel_distance;
  object["stft_distance"] = distances.stft_distance;
  object["waveform_l1"] = distances.waveform_l1;
  object["si_sdr_db"] = json_or_null(distances.si_sdr_db);
}

/// What was asked for but could not be measured is null.
void add_visqol(json& object,
                const metrics::Visqol& visqol,
                const std::optional<train::VisqolScores>& scores) {
  object["visqol_nsim"] = scores ? json(scores->nsim) : json();
  if (visqol.has_model()) object["visqol_moslqo"] = scores ? json_or_null(scores->moslqo) : json();
}

json json_of_clip(const train::ClipEvaluation& clip, const metrics::Visqol* visqol) {
  json object{{"file", clip.id}, {"seconds", clip.duration_s}};
  if (clip.rate) {
    object["rate_kbps"] = clip.rate->rate_kbps;
    object["informative_kbps"] = clip.rate->informative_kbps;
    object["nats_per_frame"] = clip.rate->nats_per_frame;
  }
  add_distances(object, clip.distances);
  if (visqol != nullptr) add_visqol(object, *visqol, clip.visqol);
  return object;
}

json json_of(const std::string& model_path,
             const codec::LoadedModel& loaded,
             const train::Evaluation& result,
             const metrics::Visqol* visqol) {
  json object{{"model", model_path},
              {"sample_rate_hz", loaded.model->options().sample_rate_hz},
              {"frame_rate_hz", loaded.model->frame_rate_hz()},
              {"seconds", result.duration_s},
              {"real_time_factor", result.duration_s / result.coding_s},
              {"peak_memory_bytes", tensor::peak_memory_bytes()}};
  if (loaded.metadata.target_kbps > 0) object["target_kbps"] = loaded.metadata.target_kbps;
  if (result.latent) {
    object["rate_kbps"] = result.latent->rate_kbps;
    object["informative_kbps"] = result.latent->informative_kbps;
    object["rate_spread_kbps"] = result.latent->rate_spread_kbps;
    object["nats_per_frame"] = result.latent->nats_per_frame;
    object["active_channels"] = result.latent->active_channels;
    object["nats_per_channel"] = result.latent->nats_per_channel;
  }
  if (result.nominal_kbps) object["rate_kbps"] = *result.nominal_kbps;
  if (result.entropy_kbps) object["entropy_kbps"] = *result.entropy_kbps;
  add_distances(object, result.distances);
  if (visqol != nullptr) {
    add_visqol(object, *visqol, result.visqol.mean());
    object["visqol_left_out"] = result.visqol.num_left_out();
  }
  add_distances(object["silence"], result.of_silence);
  if (result.of_shuffled) add_distances(object["shuffled"], *result.of_shuffled);
  for (const train::ClipEvaluation& clip : result.clips) {
    object["clips"].push_back(json_of_clip(clip, visqol));
  }
  return object;
}

void print_rates(const CommonFlags& flags,
                 const codec::LoadedModel& loaded,
                 const train::Evaluation& result) {
  if (result.latent) {
    const metrics::LatentReport& latent = *result.latent;
    const double target = loaded.metadata.target_kbps;
    say(flags,
        fmt::format("rate           {:.3f} kbit/s{}, {:.2f} nats a frame at {:.4g} frames/s",
                    latent.rate_kbps,
                    target > 0 ? fmt::format(" (target {:.4g})", target) : "",
                    latent.nats_per_frame,
                    latent.frame_rate_hz));
    say(flags,
        fmt::format("informative    {:.3f} kbit/s; spread over clips {:.3f} kbit/s; {} of {} "
                    "channels active",
                    latent.informative_kbps,
                    latent.rate_spread_kbps,
                    latent.active_channels,
                    latent.nats_per_channel.size()));
  }
  if (result.nominal_kbps) {
    say(flags,
        fmt::format("rate           {:.3f} kbit/s, entropy-coded {:.3f} kbit/s",
                    *result.nominal_kbps,
                    result.entropy_kbps.value_or(0)));
  }
}

void print_visqol(const CommonFlags& flags, const train::VisqolMean& visqol) {
  const std::optional<train::VisqolScores> mean = visqol.mean();
  if (!mean && visqol.num_left_out() == 0) return;
  std::string line = "ViSQOL         ";
  if (mean && mean->moslqo) line += fmt::format("MOS-LQO {:.3f}; ", *mean->moslqo);
  line += mean ? fmt::format("NSIM {:.4f}", mean->nsim) : "none";
  if (mean && !mean->moslqo) line += " (no score without --visqol-model)";
  if (visqol.num_left_out() > 0) {
    line += fmt::format("; {} clips left out, too short or silent", visqol.num_left_out());
  }
  say(flags, line);
}

void print(const CommonFlags& flags,
           const codec::LoadedModel& loaded,
           const train::Evaluation& result) {
  print_rates(flags, loaded, result);
  say(flags,
      fmt::format("mel distance   {:.4f} (silence {:.4f}{})",
                  result.distances.mel_distance,
                  result.of_silence.mel_distance,
                  result.of_shuffled
                      ? fmt::format(", shuffled clips {:.4f}", result.of_shuffled->mel_distance)
                      : ""));
  say(flags,
      fmt::format("STFT distance  {:.4f}; waveform L1 {:.4f}{}",
                  result.distances.stft_distance,
                  result.distances.waveform_l1,
                  result.distances.si_sdr_db
                      ? fmt::format("; SI-SDR {:.2f} dB", *result.distances.si_sdr_db)
                      : ""));
  print_visqol(flags, result.visqol);
  say(flags,
      fmt::format("coded {} clips{}, {:.1f} s of sound, in {:.1f} s",
                  result.clips.size(),
                  result.num_unusable > 0
                      ? fmt::format(" ({} could not be used)", result.num_unusable)
                      : "",
                  result.duration_s,
                  result.coding_s));
}

/// Writes DIR/NNN-NAME.{original.wav,reconstruction.wav,png}.
void save_audio(const fs::path& folder,
                std::size_t number,
                const train::Clip& clip,
                const train::CodedClip& coded,
                std::int64_t sample_rate_hz) {
  const std::string stem = fmt::format("{:03}-{}", number, fs::path(clip.id).stem().string());
  train::write_sound(folder / (stem + ".original.wav"), clip.audio_CT, sample_rate_hz);
  train::write_sound(
      folder / (stem + ".reconstruction.wav"), coded.reconstruction_CT, sample_rate_hz);
  const Image image = dsp::comparison_image(
      clip.audio_CT, coded.reconstruction_CT, {.sample_rate_hz = sample_rate_hz});
  write_file_atomic(folder / (stem + ".png"), encode_png(image));
}

/// Of a model in bfloat16, on the first seconds of a clip. @returns whether it said it.
bool say_precision_snr_of(const CommonFlags& flags,
                          codec::Autoencoder& model,
                          const train::Clip& clip) {
  constexpr std::int64_t kSeconds = 2;
  if (flags.quiet) return false;
  const std::int64_t length =
      std::min(clip.audio_CT.size(-1), kSeconds * model->options().sample_rate_hz);
  const auto snr = train::reconstruction_snr(model, clip.audio_CT.narrow(-1, 0, length));
  if (snr) say_precision_snr(flags, snr->snr_db, snr->duration_s);
  return snr.has_value();
}

/// ViSQOL, if it was asked for. @throws as metrics::Visqol.
std::optional<metrics::Visqol> make_visqol(const EvalFlags& flags) {
  if (!flags.visqol_model.empty()) return metrics::Visqol(flags.visqol_model);
  return flags.visqol ? std::optional<metrics::Visqol>(std::in_place) : std::nullopt;
}

void run(const EvalFlags& flags) {
  const c10::Device device = set_up_device(flags.common);
  if (!flags.common.json_path.empty()) refuse_existing(flags.common.json_path, flags.common);
  if (!flags.audio_folder.empty()) refuse_existing(flags.audio_folder, flags.common);
  const std::optional<metrics::Visqol> visqol = make_visqol(flags);
  codec::LoadedModel loaded = codec::load_model(flags.model, device);
  const kernels::Precision precision = set_up_precision(flags.common, device);
  loaded.model->set_precision(precision);
  const train::ClipSet clips =
      train::open_clips(flags.sources, flags.split, train::clip_format(loaded));
  if (!flags.audio_folder.empty()) create_folder(flags.audio_folder);

  Progress progress({.label = "eval",
                     .unit = "clip",
                     .total = static_cast<std::int64_t>(clips.size()),
                     .quiet = flags.common.quiet,
                     .terminal = is_terminal(2)},
                    std::cerr);
  std::size_t number = 0;
  bool is_snr_said = precision != kernels::Precision::kBf16;  // then there is nothing to say
  const train::EvalOptions options{.seed = flags.common.seed,
                                   .sample = !flags.mean,
                                   .static_gaussian = train::static_gaussian(loaded),
                                   .visqol = visqol ? &*visqol : nullptr};
  const auto on_clip = [&](const train::Clip& clip, const train::CodedClip& coded) {
    throw_if_interrupted("evaluating");
    ++number;
    if (!is_snr_said) is_snr_said = say_precision_snr_of(flags.common, loaded.model, clip);
    if (!flags.audio_folder.empty()) {
      save_audio(flags.audio_folder, number, clip, coded, loaded.model->options().sample_rate_hz);
    }
    progress.update(static_cast<std::int64_t>(number));
  };
  const train::Evaluation result = train::evaluate_codec(loaded.model, clips, options, on_clip);
  progress.finish();
  print(flags.common, loaded, result);
  say_peak_memory(flags.common);
  write_json(flags.common, json_of(flags.model, loaded, result, options.visqol));
}

constexpr const char* kFooter =
    "Distances are DAC's, at the model's sample rate; silence and shuffled clips are anchors that "
    "a\n"
    "codec must beat. Rates leave out frames that see beyond the clip.\n"
    "Example:\n"
    "  kilonat eval runs/tiny-2kbps --data sounds/clips.csv --split valid --json eval.json\n";

}  // namespace

Command add_eval_command(CLI::App& app) {
  auto flags = std::make_shared<EvalFlags>();
  CLI::App* sub = app.add_subcommand("eval", "Measure a codec's rate and distances");
  sub->add_option("model", flags->model, "A run folder or its model.safetensors")
      ->required()
      ->type_name("MODEL");
  sub->add_option(
         "--data", flags->sources, "Sounds: files, folders, manifests, shards, procedural:NAME")
      ->required()
      ->type_name("SOURCE");
  sub->add_option("--split", flags->split, "train, valid, test or all")->capture_default_str();
  sub->add_option("--save-audio",
                  flags->audio_folder,
                  "Write each clip, its reconstruction and spectrograms here")
      ->type_name("DIR");
  sub->add_flag(
      "--mean", flags->mean, "Decode the posterior's mean, not a sample: more than the rate says");
  sub->add_flag("--visqol", flags->visqol, "Measure ViSQOL (audio mode), too: its similarity NSIM");
  sub->add_option("--visqol-model",
                  flags->visqol_model,
                  "The same and its score MOS-LQO, by this libsvm model of ViSQOL's")
      ->type_name("FILE");
  add_run_flags(*sub, flags->common);
  add_seed_flag(*sub, flags->common);
  add_json_flag(*sub, flags->common);
  add_force_flag(*sub, flags->common);
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
