#pragma once
/// The official recordings, scores and model of ViSQOL: where they lie.

#include <cstdlib>
#include <filesystem>
#include <optional>

#include <gtest/gtest.h>

namespace kilonat::metrics {

/// KILONAT_VISQOL, else `shared/visqol` beside the repository; empty if that is not there.
inline std::optional<std::filesystem::path> visqol_folder() {
  const char* named = std::getenv("KILONAT_VISQOL");
  const std::filesystem::path folder =
      named != nullptr && *named != '\0'
          ? std::filesystem::path(named)
          : std::filesystem::path(KILONAT_SOURCE_DIR).parent_path() / "shared" / "visqol";
  std::error_code ignored;
  if (!std::filesystem::exists(folder / "expected.csv", ignored)) return std::nullopt;
  return folder;
}

}  // namespace kilonat::metrics

/// Skips a test that needs the folder.
#define KILONAT_NEED_VISQOL_FOLDER()                                                        \
  if (!::kilonat::metrics::visqol_folder()) {                                               \
    GTEST_SKIP() << "no official ViSQOL recordings here: set KILONAT_VISQOL to the folder " \
                    "that holds expected.csv";                                              \
  }                                                                                         \
  static_assert(true)
