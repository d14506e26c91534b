/// kilonat study gaussian-limit: how far codecs stay from what no codec can beat.

#include <cmath>
#include <cstdint>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/progress.h"
#include "kilonat/cli/commands.h"
#include "kilonat/cli/config_files.h"
#include "kilonat/cli/study_group.h"
#include "kilonat/cli/study_sink.h"
#include "kilonat/cli/version.h"
#include "kilonat/config/schema.h"
#include "kilonat/study/gaussian_limit.h"

namespace kilonat::cli {
namespace {

struct GaussianLimitFlags {
  CommonFlags common;
  std::string config = "gaussian_limit";
  std::string folder = "studies/gaussian_limit";
  std::optional<std::int64_t> steps;
  std::optional<std::int64_t> seed;
  std::vector<std::string> overrides;
};

study::GaussianLimitOptions resolve_options(const GaussianLimitFlags& flags,
                                            const c10::Device& device) {
  study::GaussianLimitOptions options;
  config::load(find_config(flags.config, "study"), flags.overrides, options);
  train::RunOptions& run = options.codec.run;
  if (flags.steps) run.steps = *flags.steps;
  if (flags.seed) run.seed = *flags.seed;
  run.precision = kernels::precision_name(set_up_precision(flags.common, device, run.precision));
  return options;
}

/// What makes the same study again.
std::string command_text(const GaussianLimitFlags& flags) {
  std::string text = "kilonat study gaussian-limit " + flags.config;
  if (flags.steps) text += fmt::format(" --steps {}", *flags.steps);
  if (flags.seed) text += fmt::format(" --seed {}", *flags.seed);
  for (const std::string& assignment : flags.overrides) text += " --set " + assignment;
  return text;
}

std::vector<train::ConsoleColumn> console_columns() {
  return {
      {.key = "rec/squared_error", .label = "squared error"},
      {.key = "rate/kbps", .label = "rate", .unit = "kbit/s", .target_key = "rate/target_kbps"}};
}

void print(const CommonFlags& flags, const study::LimitResults& results) {
  say(flags,
      fmt::format("{:<22} {:>12} {:>9} {:>9} {:>18} {:>20}",
                  "point",
                  "asked",
                  "bits",
                  "SNR",
                  "gap in dB",
                  "gap in bits"));
  for (const study::LimitPoint& point : results.points) {
    const study::LimitGap& gap = point.gap;
    double variance = 0;
    for (const study::LimitCurve& curve : results.curves) {
      if (curve.source == point.source) variance = curve.variance;
    }
    say(flags,
        fmt::format("{:<22} {:>12.4f} {:>9.4f} {:>6.2f} dB {:>8.3f} +- {:<6.3f} {:>9.4f} +- {:.4f}",
                    point.id,
                    point.target_bits,
                    gap.bits_per_sample,
                    10 * std::log10(variance / gap.squared_error),
                    gap.gap_db,
                    gap.gap_db_error,
                    gap.gap_bits,
                    gap.gap_bits_error));
  }
}

void run(const GaussianLimitFlags& flags) {
  const c10::Device device = set_up_device(flags.common);
  study::GaussianLimitRequest request{.options = resolve_options(flags, device),
                                      .folder = flags.folder,
                                      .device = device,
                                      .replace = flags.common.force,
                                      .commands = {command_text(flags)},
                                      .versions = {{"kilonat", version_text()}}};
  const study::LimitOptions& limit = request.options.limit;
  const std::int64_t steps = request.options.codec.run.steps;
  const auto num_points = static_cast<std::int64_t>(limit.sources.size() * limit.snr_db.size());
  Progress progress({.label = "study",
                     .total = steps * num_points,
                     .quiet = flags.common.quiet,
                     .terminal = is_terminal(2)},
                    std::cerr);
  request.watch = [&](std::size_t index, const study::LimitPlan& plan) {
    return std::make_unique<StudySink>(
        progress, steps * static_cast<std::int64_t>(index), plan.id, console_columns());
  };
  const study::LimitResults results = study::run_gaussian_limit(request);
  progress.finish();
  print(flags.common, results);
  say(flags.common,
      fmt::format("results: {}; the page: kilonat report {}",
                  study::limit_results_path(flags.folder).string(),
                  flags.folder));
  write_json(flags.common, study::json_of(results));
  std::vector<study::NamedGap> gaps;
  for (const study::LimitPoint& point : results.points) gaps.push_back({point.id, point.gap});
  study::require_possible(gaps);
}

constexpr const char* kFooter =
    "Bits are per sample; a gap is the distance from the rate-distortion function, +- its "
    "standard\n"
    "error over held-out clips. A point below the curve by more than three of them ends with exit\n"
    "code 6.\n"
    "The same command again goes on where it was interrupted.\n"
    "Example:\n"
    "  kilonat study gaussian-limit gaussian_limit --out studies/gaussian_limit\n"
    "  kilonat report studies/gaussian_limit\n";

}  // namespace

Command add_gaussian_limit_command(CLI::App& app) {
  auto flags = std::make_shared<GaussianLimitFlags>();
  CLI::App* sub = study_group(app).add_subcommand(
      "gaussian-limit", "Measure codecs against Shannon's limit on Gaussian sources");
  sub->add_option("config", flags->config, "A config file, or the name of one in conf/study")
      ->type_name("CONF")
      ->capture_default_str();
  sub->add_option("--out", flags->folder, "Folder of runs and results")
      ->type_name("DIR")
      ->capture_default_str();
  sub->add_option("--steps", flags->steps, "Length of each run")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000'000}));
  sub->add_option("--set", flags->overrides, "Change a config value: section.key=value")
      ->type_name("KEY=VALUE");
  sub->add_option("--seed", flags->seed, "Seed of everything random but the sources")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  add_run_flags(*sub, flags->common);
  add_json_flag(*sub, flags->common);
  add_force_flag(*sub, flags->common);
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
