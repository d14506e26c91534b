#include "kilonat/cli/app.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "kilonat/base/interrupt.h"
#include "kilonat/base/log.h"
#include "kilonat/base/printable.h"
#include "kilonat/cli/commands.h"
#include "kilonat/cli/error_report.h"
#include "kilonat/cli/version.h"
#include "kilonat/config/nearest.h"
#include "kilonat/kernels/cpu.h"

namespace kilonat::cli {
namespace {

constexpr int kUsageExitCode = 2;

int fail(const ErrorReport& report) {
  std::fflush(stdout);
  fmt::print(stderr, "kilonat: error: {}\n", report.line);
  return report.exit_code;
}

/// What is wrong with a first word that is no subcommand; empty if it is one or there is none.
std::string unknown_command(const CLI::App& app, const std::vector<std::string>& words) {
  if (!app.get_subcommands().empty() || words.empty() || words.front().starts_with('-')) return {};
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands({})) names.push_back(sub->get_name());
  const std::string nearest = config::nearest_spelling(words.front(), names);
  return fmt::format("unknown command '{}'{}; see 'kilonat --help'",
                     printable(words.front()),
                     nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest));
}

/// --help and --version end here with 0, a wrong command line with 2 and a pointer to the help.
int finish_parse(const CLI::App& app,
                 const std::vector<std::string>& words,
                 const CLI::ParseError& error) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
  if (const std::string text = unknown_command(app, words); !text.empty()) {
    return fail({text, kUsageExitCode});
  }
  std::string command = "kilonat";
  for (const CLI::App* sub : app.get_subcommands()) command += " " + sub->get_name();
  std::string text = error.what();
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return fail({fmt::format("{}; see '{} --help'", text, command), kUsageExitCode});
}

}  // namespace

int run_app(int argc, char** argv) {
  CLI::App app("Trains audio autoencoders at the bitrate you ask for.", "kilonat");
  app.set_version_flag("--version", version_text());
  app.require_subcommand(1);
  const std::vector<Command> commands{add_train_command(app),
                                      add_eval_command(app),
                                      add_encode_command(app),
                                      add_decode_command(app),
                                      add_reconstruct_command(app),
                                      add_info_command(app),
                                      add_import_command(app),
                                      add_export_command(app),
                                      add_latents_command(app),
                                      add_train_generator_command(app),
                                      add_generate_command(app),
                                      add_edit_command(app),
                                      add_study_rd_command(app),
                                      add_gaussian_limit_command(app),
                                      add_study_generation_command(app),
                                      add_report_command(app),
                                      add_score_command(app),
                                      add_train_classifier_command(app),
                                      add_config_command(app)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return finish_parse(app, {argv + std::min(argc, 1), argv + argc}, error);
  }
  try {
    set_up_log("info");
    install_interrupt_handler();
    kernels::limit_library_to_cpu_level();
    for (const Command& command : commands) {
      if (command.app->parsed()) command.run();
    }
    return 0;
  } catch (const std::exception& error) {
    return fail(report_of(error));
  }
}

}  // namespace kilonat::cli
