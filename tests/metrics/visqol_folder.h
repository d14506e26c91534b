#pragma once
/// The official recordings, scores and model of ViSQOL: where they lie.

#include <cstdlib>
#include <filesystem>
#include <optional>

#include <gtest/gtest.h>

namespace kilonat::metrics {

/// The folder that KILONAT_VISQOL names; empty if it is not set.
inline std::filesystem::path named_visqol_folder() {
  const char* named = std::getenv("KILONAT_VISQOL");
  return named == nullptr ? "" : named;
}

/// KILONAT_VISQOL, else `shared/visqol` beside the repository; empty if that is not there.
inline std::optional<std::filesystem::path> visqol_folder() {
  const std::filesystem::path named = named_visqol_folder();
  const std::filesystem::path folder =
      named.empty() ? std::filesystem::path(KILONAT_SOURCE_DIR).parent_path() / "shared" / "visqol"
                    : named;
  std::error_code ignored;
  if (!std::filesystem::exists(folder / "expected.csv", ignored)) return std::nullopt;
  return folder;
}

}  // namespace kilonat::metrics

/// Skips a test that needs the folder; fails it where KILONAT_VISQOL names one that is not there.
#define KILONAT_NEED_VISQOL_FOLDER()                                                        \
  if (!::kilonat::metrics::visqol_folder()) {                                               \
    ASSERT_EQ(::kilonat::metrics::named_visqol_folder(), "")                                \
        << "KILONAT_VISQOL names a folder without expected.csv";                            \
    GTEST_SKIP() << "no official ViSQOL recordings here: set KILONAT_VISQOL to the folder " \
                    "that holds expected.csv";                                              \
  }                                                                                         \
  static_assert(true)
