#pragma once
/// The program: parses the command line, runs a subcommand, reports errors.

namespace kilonat::cli {

/// @returns the exit code: 0 done, 2 usage or config, 3 data, 4 format, 5 shape, 6 numeric, 7 files
/// or memory, 70 internal, 130 interrupted. Every error is one line on standard error.
int run_app(int argc, char** argv);

}  // namespace kilonat::cli
