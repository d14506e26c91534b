/// kilonat generate: sounds from prompts.

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/base/png.h"
#include "kilonat/base/progress.h"
#include "kilonat/cli/commands.h"
#include "kilonat/cli/generation_flags.h"
#include "kilonat/cli/prompt_list.h"
#include "kilonat/dsp/spectrogram_image.h"

namespace kilonat::cli {
namespace {

namespace fs = std::filesystem;

struct GenerateFlags {
  GenerationFlags shared;
  std::vector<std::string> words;  ///< PROMPT OUT, or with --prompts: OUTDIR
  std::string prompts;
  std::optional<double> duration_s;
  std::int64_t count = 1;
  std::int64_t batch_size = 4;
  std::string format;  ///< of the sounds of --prompts; empty: wav
  bool has_images = false;
};

/// A sound to be made, and where it goes.
struct Task {
  MadeSound sound;
  fs::path path;
};

/// "out.wav" -> "out-2.wav" for the second of several.
fs::path numbered(const fs::path& path, std::int64_t number, std::int64_t count) {
  if (count == 1) return path;
  return path.parent_path() /
         fmt::format("{}-{}{}", path.stem().string(), number, path.extension().string());
}

std::vector<Task> tasks_of_prompt(const GenerateFlags& flags) {
  KILONAT_REQUIRE(flags.words.size() == 2,
                  ConfigError,
                  "generate: expected PROMPT and OUT after the generator, or --prompts FILE and "
                  "OUTDIR; got {} words",
                  flags.words.size());
  KILONAT_REQUIRE(!is_blank(flags.words[0]), ConfigError, "generate: the prompt is empty");
  KILONAT_REQUIRE(flags.format.empty(),
                  ConfigError,
                  "generate: --format is of the sounds of --prompts; the name of OUT says its own");
  require_sound_name(flags.words[1]);
  std::vector<Task> tasks;
  for (std::int64_t i = 0; i < flags.count; ++i) {
    const fs::path path = numbered(flags.words[1], i + 1, flags.count);
    tasks.push_back({{.file = path.filename().string(),
                      .prompt = {flags.words[0]},
                      .seed = flags.shared.common.seed + static_cast<std::uint64_t>(i)},
                     path});
  }
  return tasks;
}

std::vector<Task> tasks_of_file(const GenerateFlags& flags) {
  KILONAT_REQUIRE(flags.words.size() == 1,
                  ConfigError,
                  "generate: expected one folder beside --prompts, got {} words",
                  flags.words.size());
  std::vector<Task> tasks;
  for (const Prompt& prompt : read_prompts(flags.prompts)) {
    for (std::int64_t i = 0; i < flags.count; ++i) {
      const std::string file =
          fmt::format("sound-{:05}.{}", tasks.size(), flags.format.empty() ? "wav" : flags.format);
      const std::uint64_t seed = flags.shared.common.seed + tasks.size();
      tasks.push_back(
          {{.file = file, .prompt = prompt, .seed = seed}, fs::path(flags.words[0]) / file});
    }
  }
  return tasks;
}

void refuse_existing_outputs(const GenerateFlags& flags, const std::vector<Task>& tasks) {
  for (const Task& task : tasks) refuse_existing(task.path, flags.shared.common);
  if (flags.has_images) {
    for (const Task& task : tasks) {
      refuse_existing(fs::path(task.path).replace_extension(".png"), flags.shared.common);
    }
  }
  if (!flags.prompts.empty()) {
    refuse_existing(fs::path(flags.words[0]) / "clips.csv", flags.shared.common);
  }
  if (!flags.shared.common.json_path.empty()) {
    refuse_existing(flags.shared.common.json_path, flags.shared.common);
  }
}

class Generation {
 public:
  explicit Generation(const GenerateFlags& flags)
      : flags_(flags), loaded_(load_generator(flags.shared)), how_(sound_options(flags.shared)) {
    say_decoding_snr(flags.shared, loaded_, how_);
    duration_s_ = flags.duration_s.value_or(loaded_.metadata.typical_duration_s);
  }

  void run(const std::vector<Task>& tasks) {
    const auto total = static_cast<std::int64_t>(tasks.size());
    Progress progress({.label = "generate",
                       .unit = "sound",
                       .total = total,
                       .quiet = flags_.shared.common.quiet,
                       .terminal = is_terminal(2)},
                      std::cerr);
    how_.after_step = [&](std::int64_t step, std::int64_t num_steps) {
      throw_if_interrupted("generating (the sounds that are done are kept)");
      progress.update(done_, fmt::format("step {} of {}", step, num_steps));
    };
    while (done_ < total) {
      const std::int64_t size = std::min(flags_.batch_size, total - done_);
      make(tasks, static_cast<std::size_t>(done_), static_cast<std::size_t>(size));
      done_ += size;
      progress.update(done_);
    }
    progress.finish();
  }

  [[nodiscard]] double duration_s() const { return duration_s_; }
  [[nodiscard]] std::int64_t sample_rate_hz() const {
    return loaded_.codec.model->options().sample_rate_hz;
  }

 private:
  void make(const std::vector<Task>& tasks, std::size_t first, std::size_t size) {
    std::vector<generation::SoundRequest> requests;
    for (std::size_t i = first; i < first + size; ++i) {
      const MadeSound& sound = tasks[i].sound;
      requests.push_back(
          {.prompt = sound.prompt.caption, .duration_s = duration_s_, .seed = sound.seed});
    }
    const auto sounds =
        generation::generate_sounds(loaded_.model, loaded_.codec.model, requests, how_);
    for (std::size_t i = 0; i < size; ++i) {
      const fs::path& path = tasks[first + i].path;
      write_sound_file(path, sounds[i], sample_rate_hz());
      if (flags_.has_images) write_image(path, sounds[i]);
    }
  }

  /// The spectrogram of "dog.wav" as "dog.png".
  void write_image(fs::path path, const at::Tensor& audio_CT) const {
    const Image image = dsp::spectrogram_image(audio_CT, {.sample_rate_hz = sample_rate_hz()});
    write_file_atomic(path.replace_extension(".png"), encode_png(image));
  }

  const GenerateFlags& flags_;
  generation::LoadedGenerator loaded_;
  generation::SoundOptions how_;
  double duration_s_ = 0;
  std::int64_t done_ = 0;
};

void run(const GenerateFlags& flags) {
  const bool has_file = !flags.prompts.empty();
  const std::vector<Task> tasks = has_file ? tasks_of_file(flags) : tasks_of_prompt(flags);
  refuse_existing_outputs(flags, tasks);
  Generation generation(flags);
  if (has_file) create_folder(flags.words[0]);
  generation.run(tasks);
  std::vector<MadeSound> sounds;
  for (const Task& task : tasks) sounds.push_back(task.sound);
  if (has_file) {
    write_text_atomic(fs::path(flags.words[0]) / "clips.csv", manifest_csv(sounds));
  }
  say(flags.shared.common,
      fmt::format("{}: {} of {:.2f} s",
                  has_file ? flags.words[0] : tasks.front().path.string(),
                  sounds.size() == 1 ? "a sound" : fmt::format("{} sounds", sounds.size()),
                  generation.duration_s()));
  nlohmann::json rows = nlohmann::json::array();
  for (const Task& task : tasks) {
    rows.push_back({{"file", task.path.string()},
                    {"caption", task.sound.prompt.caption},
                    {"class", task.sound.prompt.label},
                    {"seed", task.sound.seed}});
  }
  write_json(flags.shared.common,
             {{"sounds", rows},
              {"seconds", generation.duration_s()},
              {"sample_rate_hz", generation.sample_rate_hz()}});
}

constexpr const char* kFooter =
    "Sound number i of a run has the seed SEED + i; a seed gives the same sound again, alone or\n"
    "among others. With --prompts, OUTDIR also gets a manifest, clips.csv.\n"
    "Examples:\n"
    "  kilonat generate runs/sounds \"a dog barking\" dog.wav --seconds 3\n"
    "  kilonat generate runs/sounds --prompts prompts.txt generated/\n";

}  // namespace

Command add_generate_command(CLI::App& app) {
  auto flags = std::make_shared<GenerateFlags>();
  CLI::App* sub = app.add_subcommand("generate", "Generate sounds from prompts");
  add_generation_flags(*sub, flags->shared);
  sub->add_option("words", flags->words, "PROMPT and OUT.wav|.flac; with --prompts: OUTDIR")
      ->required()
      ->expected(1, 2)
      ->type_name("PROMPT OUT");
  sub->add_option("--prompts",
                  flags->prompts,
                  "A prompt a line; or a .csv with the column caption, and class")
      ->type_name("FILE");
  sub->add_option("--seconds", flags->duration_s, "Length; default: the training clips'")
      ->check(CLI::Range(0.01, 3600.0));
  sub->add_option("--count", flags->count, "Sounds from each prompt, each with a seed of its own")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  sub->add_option("--batch", flags->batch_size, "Sounds made at a time")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  sub->add_option("--format", flags->format, "Of the sounds of --prompts; default wav")
      ->check(CLI::IsMember({"wav", "flac"}));
  sub->add_flag("--images", flags->has_images, "Write a spectrogram beside each sound, as .png");
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
