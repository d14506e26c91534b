/// kilonat report: the page of a study or of a run.

#include <cstdint>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "kilonat/cli/commands.h"
#include "kilonat/study/report.h"

namespace kilonat::cli {
namespace {

struct ReportFlags {
  CommonFlags common;
  std::string folder;
};

void run(const ReportFlags& flags) {
  set_up_device(flags.common);
  if (!flags.common.json_path.empty()) refuse_existing(flags.common.json_path, flags.common);
  const study::ReportContents contents = study::read_folder(flags.folder);
  refuse_existing(study::report_path(flags.folder), flags.common);
  const study::ReportSummary summary = study::write_report(contents, flags.folder);
  for (const std::string& sound : summary.missing_sounds) {
    spdlog::warn("shown as missing: {}", sound);
  }
  say(flags.common,
      fmt::format("{}: {:.1f} MB; {} of {} points done, {} sounds; open it in a browser",
                  summary.path.string(),
                  static_cast<double>(summary.num_bytes) / 1e6,
                  summary.num_points - summary.num_points_not_done,
                  summary.num_points,
                  summary.num_sounds));
  write_json(flags.common,
             {{"page", summary.path.string()},
              {"bytes", summary.num_bytes},
              {"points", summary.num_points},
              {"points_not_done", summary.num_points_not_done},
              {"sounds", summary.num_sounds},
              {"missing_sounds", summary.missing_sounds}});
}

constexpr const char* kFooter =
    "Example:\n"
    "  kilonat report runs/tiny-2kbps\n"
    "writes runs/tiny-2kbps/report/index.html, which needs no other file and no network.\n";

}  // namespace

Command add_report_command(CLI::App& app) {
  auto flags = std::make_shared<ReportFlags>();
  CLI::App* sub = app.add_subcommand(
      "report", "Write the HTML page of a study or of a run: charts, sounds, conditions");
  sub->add_option("folder", flags->folder, "A study's folder or a run's")
      ->required()
      ->type_name("DIR|RUN");
  add_device_flags(*sub, flags->common);
  add_idle_seed_flag(*sub, flags->common);
  add_json_flag(*sub, flags->common);
  add_force_flag(*sub, flags->common);
  sub->footer(kFooter);
  return {sub, [flags] { run(*flags); }};
}

}  // namespace kilonat::cli
