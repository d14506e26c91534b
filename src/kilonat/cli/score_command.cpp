/// kilonat score: how good generated sounds are, beside anchors.

#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/progress.h"
#include "kilonat/cli/commands.h"
#include "kilonat/cli/score_report.h"
#include "kilonat/codec/model_file.h"
#include "kilonat/data/source.h"
#include "kilonat/metrics/made_up_sounds.h"
#include "kilonat/metrics/reference_clips.h"
#include "kilonat/metrics/sound_set.h"
#include "kilonat/train/reconstruction_set.h"

namespace kilonat::cli {
namespace {

using metrics::SoundJudge;
using metrics::SoundSet;
using SourcePtr = std::shared_ptr<const data::Source>;

struct ScoreFlags {
  CommonFlags common;
  std::string generated;
  std::vector<std::string> reference;
  std::vector<std::string> reconstructions;
  std::string codec;
  std::string classifier;
  std::string cnn14;
  std::string vggish;
  std::int64_t draws = 200;
};

/// The sounds of all rows.
struct Sounds {
  SourcePtr generated;
  metrics::ReferenceClips reference;
  SourcePtr reconstructions{};  // null: not given

  /// Of all rows. @param has_codec  a row of the unseen clips through a codec.
  [[nodiscard]] std::size_t num_clips(bool has_codec) const {
    // Silence and noise have a clip for each unseen one.
    return generated->size() + reference.training->size() +
           (has_codec ? 4 : 3) * reference.held_out->size() +
           (reconstructions ? reconstructions->size() : 0);
  }
};

Sounds open_sounds(const ScoreFlags& flags) {
  Sounds sounds{.generated = data::open_source(std::vector<std::string>{flags.generated}),
                .reference = metrics::open_reference(flags.reference)};
  if (!flags.reconstructions.empty()) {
    sounds.reconstructions = data::open_source(flags.reconstructions);
  }
  return sounds;
}

SoundJudge make_judge(const ScoreFlags& flags, metrics::LoadedClassifier& classifier) {
  SoundJudge judge(classifier.network);
  if (!flags.cnn14.empty()) judge.use(metrics::Cnn14(flags.cnn14));
  if (!flags.vggish.empty()) judge.use(metrics::Vggish(flags.vggish));
  return judge;
}

ScoreTable score(const ScoreFlags& flags,
                 metrics::LoadedClassifier& classifier,
                 const Sounds& sounds,
                 Progress& progress) {
  SoundJudge judge = make_judge(flags, classifier);
  std::int64_t done = 0;
  const auto on_clip = [&] { progress.update(++done); };
  const SoundSet training = judge.judge(*sounds.reference.training, on_clip);
  const SoundSet held_out = judge.judge(*sounds.reference.held_out, on_clip);
  ScoreTable table{.classes = classifier.network->classes(),
                   .training_clips = training.size(),
                   .bootstrap = {.num_draws = flags.draws, .seed = flags.common.seed}};
  const metrics::GenerationScorer scorer(training, held_out, table.bootstrap);
  const auto add = [&](const char* name, const SoundSet& set) {
    table.rows.emplace_back(name, scorer.score(set));
  };
  add("generated", judge.judge(*sounds.generated, on_clip));
  add("real", held_out);
  if (!flags.codec.empty()) {
    codec::LoadedModel loaded = codec::load_model(flags.codec);
    add("reconstruction",
        train::judge_reconstructions(
            judge, *sounds.reference.held_out, loaded, flags.common.seed, on_clip));
  } else if (sounds.reconstructions) {
    add("reconstruction", judge.judge(*sounds.reconstructions, on_clip));
  }
  add("silence", metrics::judge_made_up(judge, held_out, 0, flags.common.seed, on_clip));
  add("noise",
      metrics::judge_made_up(
          judge, held_out, metrics::kNoiseAmplitude, flags.common.seed, on_clip));
  table.near_db = scorer.near_db();
  if (classifier.facts.contains("held_out_accuracy")) {
    table.classifier_accuracy = classifier.facts.at("held_out_accuracy");
  }
  return table;
}

void run(const ScoreFlags& flags) {
  set_up_cpu(flags.common, "score");
  if (!flags.common.json_path.empty()) refuse_existing(flags.common.json_path, flags.common);
  metrics::LoadedClassifier classifier = metrics::load_classifier(flags.classifier);
  const Sounds sounds = open_sounds(flags);
  Progress progress({.label = "score",
                     .unit = "clip",
                     .total = static_cast<std::int64_t>(sounds.num_clips(!flags.codec.empty())),
                     .quiet = flags.common.quiet,
                     .terminal = is_terminal(2)},
                    std::cerr);
  const ScoreTable table = score(flags, classifier, sounds, progress);
  progress.finish();
  for (const std::string& line : score_lines(table)) say(flags.common, line);
  if (flags.codec.empty() && flags.reconstructions.empty()) {
    say(flags.common, "what a codec alone costs was not measured: give --codec MODEL");
  }
  nlohmann::json json = score_json(table);
  json["generated"] = flags.generated;
  json["reference"] = flags.reference;
  json["classifier"] = flags.classifier;
  json["seed"] = flags.common.seed;
  write_json(flags.common, json);
}

constexpr const char* kFooter =
    "GENERATED is a folder, or a .csv with the columns file and class (what was asked for).\n"
    "Rows: generated; real (the reference's unseen clips, what a perfect generator gets);\n"
    "reconstruction (of a codec, if given); silence; noise. All against its training clips.\n"
    "Example:\n"
    "  kilonat score generated/clips.csv --reference sounds/clips.csv "
    "--classifier classifier.safetensors\n";

}  // namespace

Command add_score_command(CLI::App& app) {
  auto flags = std::make_shared<ScoreFlags>();
  CLI::App* sub = app.add_subcommand("score", "Measure generated sounds against real ones");
  sub->add_option("generated", flags->generated, "A folder, or a manifest with the column 'class'")
      ->required()
      ->type_name("GENERATED");
  sub->add_option(
         "--reference", flags->reference, "Real sounds with classes and the splits train and valid")
      ->required()
      ->type_name("SOURCE");
  sub->add_option("--classifier", flags->classifier, "The file of kilonat train-classifier on them")
      ->required()
      ->type_name("FILE");
  CLI::Option* codec =
      sub->add_option("--codec",
                      flags->codec,
                      "A row of the unseen real sounds through this codec: what it alone costs")
          ->type_name("MODEL");
  sub->add_option("--reconstructions", flags->reconstructions, "The same from sounds coded before")
      ->type_name("SOURCE")
      ->excludes(codec);
  sub->add_option("--cnn14", flags->cnn14, "Official weights of PANNs CNN14: its KAD and FAD, too")
      ->type_name("FILE");
  sub->add_option("--vggish", flags->vggish, "Official weights of VGGish: its KAD and FAD, too")
      ->type_name("FILE");
  sub->add_option("--draws", flags->draws, "Bootstrap draws of the intervals")
      ->check(CLI::Range(std::int64_t{20}, std::int64_t{100'000}))
      ->capture_default_str();
  add_device_flags(*sub, flags->common);
  add_seed_flag(*sub, flags->common);
  add_json_flag(*sub, flags->common);
  add_force_flag(*sub, flags->common);
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
