#include "kilonat/cli/study_group.h"

namespace kilonat::cli {

CLI::App& study_group(CLI::App& app) {
  const auto groups =
      app.get_subcommands([](const CLI::App* sub) { return sub->get_name() == "study"; });
  if (!groups.empty()) return *groups.front();
  CLI::App* group = app.add_subcommand("study", "Sweeps: train and measure many settings");
  group->require_subcommand(1);
  return *group;
}

}  // namespace kilonat::cli
