/// kilonat edit: a sound changed by a prompt.

#include <charconv>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/audio/file.h"
#include "kilonat/base/errors.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/base/progress.h"
#include "kilonat/cli/commands.h"
#include "kilonat/cli/generation_flags.h"
#include "kilonat/data/clip_format.h"
#include "kilonat/train/model_format.h"
#include "kilonat/train/sound_files.h"

namespace kilonat::cli {
namespace {

constexpr double kEditNoise = 0.6;

struct EditFlags {
  GenerationFlags shared;
  std::string in;
  std::string out;
  std::string prompt;
  std::optional<double> noise;
  std::string span;
};

double seconds_of(std::string_view text, const std::string& span) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  KILONAT_REQUIRE(error == std::errc() && end == text.data() + text.size(),
                  ConfigError,
                  "--span {}: expected START:END in seconds, as 1.0:2.5",
                  span);
  return value;
}

std::optional<generation::EditRequest::Span> span_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const std::size_t colon = text.find(':');
  const std::string_view view(text);
  KILONAT_REQUIRE(colon != std::string::npos,
                  ConfigError,
                  "--span {}: expected START:END in seconds, as 1.0:2.5",
                  text);
  return generation::EditRequest::Span{seconds_of(view.substr(0, colon), text),
                                       seconds_of(view.substr(colon + 1), text)};
}

void run(const EditFlags& flags) {
  const CommonFlags& common = flags.shared.common;
  require_sound_name(flags.out);
  refuse_existing(flags.out, common);
  if (!common.json_path.empty()) refuse_existing(common.json_path, common);
  const auto span = span_of(flags.span);
  generation::LoadedGenerator loaded = load_generator(flags.shared);
  const data::PreparedClip clip =
      data::prepare_clip(audio::read_audio(flags.in), train::clip_format(loaded.codec));
  generation::SoundOptions how = sound_options(flags.shared);
  say_decoding_snr(flags.shared, loaded, how);
  Progress progress({.label = "edit",
                     .total = how.sampler.num_steps,
                     .quiet = common.quiet,
                     .terminal = is_terminal(2)},
                    std::cerr);
  how.after_step = [&](std::int64_t step, std::int64_t) {
    throw_if_interrupted("editing");
    progress.update(step);
  };
  const at::Tensor edited_CT =
      generation::edit_sound(loaded.model,
                             loaded.codec.model,
                             {.prompt = flags.prompt,
                              .audio_CT = train::tensor_of(clip.audio),
                              .noise = flags.noise.value_or(span ? 1.0 : kEditNoise),
                              .seed = common.seed,
                              .span = span},
                             how);
  progress.finish();
  write_sound_file(flags.out, edited_CT / clip.gain, clip.audio.sample_rate_hz);
  say(common, fmt::format("{}: {:.2f} s", flags.out, clip.audio.duration_s()));
  write_json(
      common,
      {{"file", flags.out}, {"caption", flags.prompt}, {"seconds", clip.audio.duration_s()}});
}

constexpr const char* kFooter =
    "Without --span the whole sound is changed, the more the nearer --noise is to 1; with it, "
    "what\n"
    "lies between these times is made anew and the rest stays.\n"
    "Examples:\n"
    "  kilonat edit runs/sounds rain.wav storm.wav \"a heavy storm\" --noise 0.7\n"
    "  kilonat edit runs/sounds street.wav dog.wav \"a dog barking\" --span 1.0:2.0\n";

}  // namespace

Command add_edit_command(CLI::App& app) {
  auto flags = std::make_shared<EditFlags>();
  CLI::App* sub = app.add_subcommand("edit", "Change a sound by a prompt");
  add_generation_flags(*sub, flags->shared);
  sub->add_option("in", flags->in, "The sound to change")->required()->type_name("SOUND");
  sub->add_option("out", flags->out, "What to write")->required()->type_name("SOUND.wav|.flac");
  sub->add_option("prompt", flags->prompt, "What it is to be")->required()->type_name("PROMPT");
  sub->add_option("--noise",
                  flags->noise,
                  "How much is lost of the sound before the prompt takes over, up to 1; default "
                  "0.6, with --span 1")
      ->check(CLI::Range(0.001, 1.0));
  sub->add_option("--span", flags->span, "Change only what lies between these times [s]")
      ->type_name("START:END");
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
