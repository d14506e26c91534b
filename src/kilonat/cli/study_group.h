#pragma once
/// The group of commands that sweep: kilonat study rd, ...

#include <CLI/CLI.hpp>

namespace kilonat::cli {

/// The subcommand `study` of the app, made by the first who asks for it.
[[nodiscard]] CLI::App& study_group(CLI::App& app);

}  // namespace kilonat::cli
