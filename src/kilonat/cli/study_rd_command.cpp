/// kilonat study rd: rate-distortion curves of VAEs, RVQ and Opus.

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/audio/opus.h"
#include "kilonat/base/errors.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/base/progress.h"
#include "kilonat/cli/child_processes.h"
#include "kilonat/cli/commands.h"
#include "kilonat/cli/config_files.h"
#include "kilonat/cli/study_flags.h"
#include "kilonat/cli/study_group.h"
#include "kilonat/cli/study_sink.h"
#include "kilonat/cli/version.h"
#include "kilonat/config/schema.h"
#include "kilonat/study/rd_study.h"

namespace kilonat::cli {
namespace {

struct RdFlags : StudyFlags {
  std::string visqol_model;
};

study::RdRequest make_request(const RdFlags& flags) {
  study::RdStudyConfig config;
  config::load(find_config(flags.config, "study"), {}, config);
  study::RdOptions& options = config.study;
  if (!flags.sources.empty()) options.sources = flags.sources;
  if (!flags.seeds.empty()) options.seeds = flags.seeds;
  if (!flags.visqol_model.empty()) options.visqol_model = flags.visqol_model;
  options.overrides.insert(options.overrides.end(), flags.overrides.begin(), flags.overrides.end());
  KILONAT_REQUIRE(!options.sources.empty(),
                  ConfigError,
                  "study rd: no sounds; give --data SOURCE (a file, a folder, a .csv or .jsonl, "
                  ".tar shards, or procedural:all)");
  study::RdRequest request;
  config::load(find_config(options.codec), options.overrides, request.base);
  request.base.data.sources = options.sources;
  request.options = options;
  request.folder = study_folder(flags);
  return request;
}

std::vector<train::ConsoleColumn> console_columns() {
  return {{.key = "rec/mel", .label = "mel"},
          {.key = "rate/kbps", .label = "rate", .unit = "kbit/s"}};
}

/// The units one after the other, in this process.
void run_here(study::RdStudy& study,
              const std::vector<study::PlannedUnit>& units,
              const CommonFlags& flags) {
  std::int64_t total = 0;
  for (const auto& unit : units) total += study.steps_left(unit);
  Progress progress(
      {.label = "study", .total = total, .quiet = flags.quiet, .terminal = is_terminal(2)},
      std::cerr);
  std::int64_t before = 0;
  for (const study::PlannedUnit& unit : units) {
    const std::int64_t steps = study.steps_left(unit);
    study.run(unit,
              std::make_unique<StudySink>(progress, before, unit.id, console_columns()),
              [&](const std::string& point, std::size_t done, std::size_t clips) {
                progress.leave_out_time();
                progress.update(before + steps,
                                fmt::format("measuring {}, clip {} of {}", point, done + 1, clips));
              });
    before += steps;
  }
  progress.finish();
}

/// What only this study has.
std::vector<std::string> own_words(const RdFlags& flags) {
  if (flags.visqol_model.empty()) return {};
  return {"--visqol-model", flags.visqol_model};
}

/// The same command for one unit.
std::vector<std::string> worker_words(const RdFlags& flags,
                                      const study::RdRequest& request,
                                      const std::string& unit) {
  std::vector<std::string> words = study_worker_words("rd", flags, request.options.sources);
  words.insert(words.end(), {"--points", unit});
  for (const std::string& word : own_words(flags)) words.push_back(word);
  return words;
}

/// In this process or, several at a time, in children.
void run_units(study::RdStudy& study,
               const std::vector<study::PlannedUnit>& units,
               const RdFlags& flags,
               const study::RdRequest& request) {
  if (flags.jobs == 1 || units.size() < 2) return run_here(study, units, flags.common);
  std::vector<ChildProcess> runs;
  for (const auto& unit : units) runs.push_back({unit.id, worker_words(flags, request, unit.id)});
  run_study_children(runs, flags.jobs, flags.common.quiet, [&](const auto& running) {
    std::int64_t steps = 0;
    for (const auto& unit : units) {
      const bool runs_now = std::find(running.begin(), running.end(), unit.id) != running.end();
      steps += runs_now ? study.steps_to_log(unit) : study.steps_left(unit);
    }
    return steps;
  });
}

std::string cell(const std::map<std::string, double>& figures, const char* name) {
  const auto found = figures.find(name);
  return found == figures.end() ? "-" : fmt::format("{:.3f}", found->second);
}

void print_table(const CommonFlags& flags, const study::Results& results) {
  const auto rate_of = [](const study::Point& point) {
    for (const char* name : {"kl_kbps", "nominal_kbps", "actual_kbps"}) {
      if (point.rates.contains(name)) return cell(point.rates, name);
    }
    return std::string("-");
  };
  const bool has_scores = results.distances.back().name == "visqol_moslqo";
  say(flags,
      fmt::format("{:24} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}  {}",
                  "point",
                  "kbit/s",
                  "inform.",
                  "predict.",
                  "mel",
                  "SI-SDR",
                  has_scores ? "ViSQOL" : "NSIM",
                  "state"));
  for (const study::Point& point : results.points) {
    say(flags,
        fmt::format("{:24} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}  {}",
                    point.id,
                    rate_of(point),
                    cell(point.rates, "informative_kbps"),
                    cell(point.rates, "predictive_kbps"),
                    cell(point.distances, "mel_distance"),
                    cell(point.distances, "si_sdr_db"),
                    cell(point.distances, has_scores ? "visqol_moslqo" : "visqol_nsim"),
                    study::status_name(point.status)));
  }
}

void run(const RdFlags& flags) {
  if (!flags.common.json_path.empty()) refuse_existing(flags.common.json_path, flags.common);
  study::RdRequest request = make_request(flags);
  request.device = set_up_device(flags.common);
  // Written into every run's config, so that a study goes on the same way on another machine.
  request.base.run.precision = kernels::precision_name(
      set_up_precision(flags.common, request.device, request.base.run.precision));
  study::RdStudy study(request);
  std::vector<study::PlannedUnit> units = chosen_units(study.units(), flags.points);
  std::erase_if(units, [&](const auto& unit) { return study.is_done(unit); });
  const auto collect = [&] {
    return study.collect(
        {study_command_text("rd", flags, request.options.sources, own_words(flags))},
        {{"kilonat", version_text()}, {"opus", audio::opus_version()}});
  };
  try {
    run_units(study, units, flags, request);
  } catch (...) {
    // What is done can be looked at; what went wrong is what the user has to hear of.
    try {
      (void)collect();
    } catch (const Error&) {
    }
    throw;
  }
  const study::Results results = collect();
  print_table(flags.common, results);
  say(flags.common,
      fmt::format("results: {}; the page: kilonat report {}",
                  (request.folder / "results.json").string(),
                  request.folder.string()));
  write_json(flags.common, study::to_json(results));
}

constexpr const char* kFooter =
    "What is done is used again: stop it and start it as you like, add points to the config.\n"
    "Example:\n"
    "  kilonat study rd rd_esc10 --data sounds/clips.csv --out studies/esc10 --jobs 2\n"
    "  kilonat report studies/esc10\n";

}  // namespace

Command add_study_rd_command(CLI::App& app) {
  auto flags = std::make_shared<RdFlags>();
  CLI::App* sub = study_group(app).add_subcommand(
      "rd", "Rate-distortion curves: target-KL VAEs, RVQ, fixed KL weights, Opus");
  add_study_flags(*sub,
                  *flags,
                  {.data = "Sounds: files, folders, manifests, shards, procedural:NAME",
                   .points = "Only these: points, runs or families",
                   .seeds = "Every trained point once for each: error bars",
                   .overrides = "Change a value of the codec's config for every point",
                   .jobs = "Runs at a time, each with its share of the threads"});
  sub->add_option(
         "--visqol-model", flags->visqol_model, "ViSQOL's libsvm model: scores are measured")
      ->type_name("FILE");
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
