#pragma once
/// The subcommands; each adds its parser to the app. To add one: a file NAME_command.cpp, a line
/// here and one in app.cpp.

#include "kilonat/cli/common.h"

namespace kilonat::cli {

[[nodiscard]] Command add_train_command(CLI::App& app);
[[nodiscard]] Command add_eval_command(CLI::App& app);
[[nodiscard]] Command add_encode_command(CLI::App& app);
[[nodiscard]] Command add_decode_command(CLI::App& app);
[[nodiscard]] Command add_reconstruct_command(CLI::App& app);
[[nodiscard]] Command add_info_command(CLI::App& app);
[[nodiscard]] Command add_latents_command(CLI::App& app);
[[nodiscard]] Command add_train_generator_command(CLI::App& app);
[[nodiscard]] Command add_generate_command(CLI::App& app);
[[nodiscard]] Command add_edit_command(CLI::App& app);
[[nodiscard]] Command add_import_command(CLI::App& app);
[[nodiscard]] Command add_export_command(CLI::App& app);
[[nodiscard]] Command add_study_generation_command(CLI::App& app);
[[nodiscard]] Command add_study_rd_command(CLI::App& app);
[[nodiscard]] Command add_gaussian_limit_command(CLI::App& app);
[[nodiscard]] Command add_report_command(CLI::App& app);
[[nodiscard]] Command add_score_command(CLI::App& app);
[[nodiscard]] Command add_train_classifier_command(CLI::App& app);
[[nodiscard]] Command add_config_command(CLI::App& app);

}  // namespace kilonat::cli
