#include "kilonat/cli/study_group.h"

namespace kilonat::cli {

CLI::App& study_group(CLI::App& app) {
  if (CLI::App* group = app.get_subcommand_no_throw("study")) return *group;
  CLI::App* group = app.add_subcommand("study", "Sweeps: train and measure many settings");
  group->require_subcommand(1);
  return *group;
}

}  // namespace kilonat::cli
