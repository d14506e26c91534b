#pragma once
/// The names in a run folder, and its config file.

#include <filesystem>
#include <string>

namespace kilonat::train {

/// RUN/config.toml, model.safetensors, metrics.jsonl, checkpoints/, audio/, TensorBoard events.
struct RunFolder {
  std::filesystem::path path;

  [[nodiscard]] std::filesystem::path config() const { return path / "config.toml"; }
  [[nodiscard]] std::filesystem::path model() const { return path / "model.safetensors"; }
  [[nodiscard]] std::filesystem::path metrics() const { return path / "metrics.jsonl"; }
  [[nodiscard]] std::filesystem::path audio() const { return path / "audio"; }
  /// True if the folder holds a run: a config.toml.
  [[nodiscard]] bool holds_run() const;
};

/// Checks that a new run may be put there; changes nothing.
///
/// @throws ConfigError if the folder holds a run and `replace` is not set, or holds anything else
///         that is not a run.
void require_room_for_run(const RunFolder& folder, bool replace);

/// Makes the folder for a new run, after require_room_for_run.
///
/// @param replace  removes a run that lies there; false: refuses it.
/// @throws ConfigError as require_room_for_run; IoError.
void create_run_folder(const RunFolder& folder, bool replace);

/// Lines of two TOML texts that differ, as "rate.target_kbps = 2.0 -> 4.0; ..."; empty if none.
/// Both texts are as Schema::to_toml writes them. Keys of `ignored` ("run.steps") are passed over.
[[nodiscard]] std::string config_difference(const std::string& before,
                                            const std::string& after,
                                            std::initializer_list<const char*> ignored);

}  // namespace kilonat::train
