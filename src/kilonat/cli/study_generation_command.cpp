/// kilonat study generation: generators on the latents of each rate, and the rate that is best.

#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/progress.h"
#include "kilonat/cli/child_processes.h"
#include "kilonat/cli/commands.h"
#include "kilonat/cli/config_files.h"
#include "kilonat/cli/study_flags.h"
#include "kilonat/cli/study_group.h"
#include "kilonat/cli/study_sink.h"
#include "kilonat/cli/version.h"
#include "kilonat/config/schema.h"
#include "kilonat/study/generation_study.h"

namespace kilonat::cli {
namespace {

struct GenerationStudyFlags : StudyFlags {
  std::string codecs;
  std::string classifier;
};

void require(const std::string& value, const char* what) {
  KILONAT_REQUIRE(!value.empty(), ConfigError, "study generation: no {}", what);
}

study::GenerationRequest make_request(const GenerationStudyFlags& flags) {
  require_fp32(flags.common, "study generation");
  study::GenerationStudyConfig config;
  config::load(find_config(flags.config, "study"), {}, config);
  study::GenerationOptions& options = config.study;
  if (!flags.sources.empty()) options.sources = flags.sources;
  if (!flags.codecs.empty()) options.rd_study = flags.codecs;
  if (!flags.classifier.empty()) options.classifier = flags.classifier;
  if (!flags.seeds.empty()) options.seeds = flags.seeds;
  options.overrides.insert(options.overrides.end(), flags.overrides.begin(), flags.overrides.end());
  require(options.sources.empty() ? "" : options.sources[0],
          "sounds; give --data SOURCE, a manifest with captions, classes and splits");
  require(options.rd_study, "codecs; give --codecs DIR, the folder of a kilonat study rd");
  require(options.classifier, "classifier; give --classifier FILE, of kilonat train-classifier");
  for (const std::string& assignment : options.overrides) {
    KILONAT_REQUIRE(!assignment.starts_with("run.seed=") &&
                        !assignment.starts_with("batches.latents=") &&
                        !assignment.starts_with("batches.held_out="),
                    ConfigError,
                    "study generation: {}: the study sets it; seeds are --seeds",
                    assignment);
  }
  study::GenerationRequest request;
  config::load(find_config(options.generator, "diffusion"), options.overrides, request.base);
  request.options = options;
  request.folder = study_folder(flags);
  return request;
}

std::vector<train::ConsoleColumn> console_columns() {
  return {{.key = "flow/loss", .label = "loss"},
          {.key = "valid/score", .label = "score", .significant = 3}};
}

/// What is done before and after the training steps, each stage with a line of its own.
class Stages {
 public:
  explicit Stages(bool quiet) : quiet_(quiet) {}

  void update(const std::string& what, std::int64_t done, std::int64_t total) {
    if (what != what_) {
      progress_ = std::make_unique<Progress>(ProgressOptions{.label = what,
                                                             .unit = "sound",
                                                             .total = total,
                                                             .quiet = quiet_,
                                                             .terminal = is_terminal(2)},
                                             std::cerr);
      what_ = what;
    }
    progress_->update(done);
  }

 private:
  bool quiet_;
  std::string what_;
  std::unique_ptr<Progress> progress_;
};

void run_here(study::GenerationStudy& study,
              const std::vector<study::PlannedGenerator>& generators,
              const CommonFlags& flags) {
  std::int64_t total = 0;
  for (const auto& generator : generators) total += study.steps_left(generator);
  std::int64_t before = 0;
  for (const auto& generator : generators) {
    Progress training({.label = "study",
                       .total = total,
                       .start = before,
                       .quiet = flags.quiet,
                       .terminal = is_terminal(2)},
                      std::cerr);
    Stages stages(flags.quiet);
    const std::int64_t steps = study.steps_left(generator);
    study.run(generator,
              std::make_unique<StudySink>(training, before, generator.id, console_columns()),
              [&](const std::string& what, std::int64_t done, std::int64_t of) {
                stages.update(generator.id + ": " + what, done, of);
                training.leave_out_time();
              });
    before += steps;
  }
}

/// What only this study has.
std::vector<std::string> own_words(const study::GenerationOptions& options) {
  return {"--codecs", options.rd_study, "--classifier", options.classifier};
}

/// The same command for some generators of one codec, which share their latents.
std::vector<std::string> worker_words(const GenerationStudyFlags& flags,
                                      const study::GenerationRequest& request) {
  std::vector<std::string> words = study_worker_words("generation", flags, request.options.sources);
  for (const std::string& word : own_words(request.options)) words.push_back(word);
  return words;
}

std::vector<ChildProcess> children_of(const GenerationStudyFlags& flags,
                                      const study::GenerationRequest& request,
                                      const std::vector<study::PlannedGenerator>& generators) {
  std::map<std::string, std::vector<std::string>> ids;  // by codec
  for (const auto& generator : generators) ids[generator.codec.point.id].push_back(generator.id);
  std::vector<ChildProcess> children;
  for (const auto& [codec, points] : ids) {
    std::vector<std::string> words = worker_words(flags, request);
    for (const std::string& point : points) words.insert(words.end(), {"--points", point});
    children.push_back({codec, std::move(words)});
  }
  return children;
}

std::string cell(const study::Estimates& estimates, const char* name) {
  const auto found = estimates.find(name);
  if (found == estimates.end()) return "-";
  const study::Estimate& figure = found->second;
  if (!figure.low || !figure.high) return fmt::format("{:.3g}", figure.value);
  return fmt::format("{:.3g} ({:.3g} to {:.3g})", figure.value, *figure.low, *figure.high);
}

void print_row(const CommonFlags& flags,
               const std::string& name,
               const std::string& guidance,
               const std::string& score,
               const study::Estimates& figures) {
  say(flags,
      fmt::format("{:28} {:>8} {:>7}  {:26} {:26} {:26}",
                  name,
                  guidance,
                  score,
                  cell(figures, "class_accuracy"),
                  cell(figures, "kad"),
                  cell(figures, "fad")));
}

void print_table(const CommonFlags& flags, const study::GenerationResults& results) {
  say(flags,
      fmt::format("{:28} {:>8} {:>7}  {:26} {:26} {:26}",
                  "generator",
                  "guidance",
                  "score",
                  "class accuracy (95 %)",
                  "KAD (95 %)",
                  "FAD (95 %)"));
  for (const study::Anchor& anchor : results.anchors)
    print_row(flags, anchor.id, "", "", anchor.metrics);
  for (const study::GenerationPoint& point : results.points) {
    if (point.status != study::PointStatus::kDone) {
      say(flags, fmt::format("{:28} {}", point.id, point.why));
      continue;
    }
    print_row(flags,
              point.id,
              fmt::format("{:g}", point.guidance.value_or(0)),
              point.eta ? fmt::format("{:.4f}", *point.eta) : "-",
              point.metrics);
    print_row(flags, "  its codec alone", "", "", point.reconstruction);
  }
  if (!results.best) return;
  for (const study::RateShare& share : results.best->share) {
    say(flags,
        fmt::format("best at {:g} kbit/s by {}: {:.0f} % of the draws",
                    share.target_kbps,
                    results.best->metric,
                    100 * share.share));
  }
}

void run(const GenerationStudyFlags& flags) {
  if (!flags.common.json_path.empty()) refuse_existing(flags.common.json_path, flags.common);
  study::GenerationRequest request = make_request(flags);
  request.device = set_up_generator_device(flags.common);
  study::GenerationStudy study(request);
  auto generators = study::chosen_generators(study.generators(), flags.points);
  std::erase_if(generators, [&](const auto& generator) { return study.is_done(generator); });
  const std::vector<ChildProcess> children = children_of(flags, request, generators);
  if (flags.jobs > 1 && children.size() > 1) {
    run_study_children(children, flags.jobs, flags.common.quiet, [&](const auto& running) {
      std::int64_t steps = 0;
      for (const auto& generator : generators) {
        const std::string& codec = generator.codec.point.id;
        const bool runs_now = std::find(running.begin(), running.end(), codec) != running.end();
        steps += runs_now ? study.steps_to_log(generator) : study.steps_left(generator);
      }
      return steps;
    });
  } else {
    run_here(study, generators, flags.common);
  }
  const study::GenerationResults results =
      study.collect({study_command_text(
                        "generation", flags, request.options.sources, own_words(request.options))},
                    {{"kilonat", version_text()}});
  print_table(flags.common, results);
  say(flags.common,
      fmt::format("results: {}; the page: kilonat report {}",
                  (request.folder / "generation.json").string(),
                  request.folder.string()));
  write_json(flags.common, study::to_json(results));
}

constexpr const char* kFooter =
    "What is done is used again. Figures are in-domain: from a classifier trained on the same\n"
    "training clips; they compare rates, and not with published figures.\n"
    "Example:\n"
    "  kilonat train-classifier --data sounds/clips.csv --out classifier.safetensors\n"
    "  kilonat study rd rd_esc10 --data sounds/clips.csv --out studies/rates\n"
    "  kilonat study generation generation_micro --data sounds/clips.csv --codecs studies/rates "
    "\\\n"
    "      --classifier classifier.safetensors --out studies/generation\n";

}  // namespace

Command add_study_generation_command(CLI::App& app) {
  auto flags = std::make_shared<GenerationStudyFlags>();
  CLI::App* sub = study_group(app).add_subcommand(
      "generation", "Generation against rate: the same generator on the latents of each rate");
  add_study_flags(*sub,
                  *flags,
                  {.data = "Sounds with captions, classes and splits",
                   .points = "Only these: generators, or codecs",
                   .seeds = "A generator for each, at every rate",
                   .overrides = "Change a value of every generator's config",
                   .jobs = "Codecs at a time, each with its share of the threads"});
  sub->add_option("--codecs", flags->codecs, "The folder of a rate-distortion study")
      ->type_name("DIR");
  sub->add_option("--classifier", flags->classifier, "Of kilonat train-classifier on these sounds")
      ->type_name("FILE");
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
