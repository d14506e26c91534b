#pragma once
/// Reference fixtures: where they lie, which sets there are, and how to compare with them.
///
/// The folder is `KILONAT_FIXTURES`, else `shared/fixtures` beside the repository, else the few
/// small sets that lie in `fixtures` here. Sets are found when a test runs, so that others of the
/// same format are tested without a rebuild.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/types.h>

#include "kilonat/tensor/safetensors.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::parity {

/// Empty if `KILONAT_FIXTURES` names a folder that is not there.
inline std::optional<std::filesystem::path> fixtures_folder() {
  const auto existing = [](const std::filesystem::path& folder) {
    std::error_code ignored;
    return std::filesystem::is_directory(folder, ignored) ? std::optional(folder) : std::nullopt;
  };
  if (const char* named = std::getenv("KILONAT_FIXTURES"); named != nullptr && *named != '\0') {
    return existing(named);
  }
  // Not from __FILE__: a compiler cache may make that relative.
  const std::filesystem::path root = KILONAT_SOURCE_DIR;
  const auto shared = existing(root.parent_path() / "shared" / "fixtures");
  return shared ? shared : existing(root / "tests" / "parity" / "fixtures");
}

/// Names of the sets that start with `prefix` and have a file `<name><suffix>`, sorted.
inline std::vector<std::string> fixture_sets(const std::string& prefix,
                                             const std::string& suffix = ".io.safetensors") {
  std::vector<std::string> sets;
  const auto folder = fixtures_folder();
  if (!folder) return sets;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    const std::string name = entry.path().filename().string();
    if (name.size() <= suffix.size() || !name.starts_with(prefix) || !name.ends_with(suffix)) {
      continue;
    }
    sets.push_back(name.substr(0, name.size() - suffix.size()));
  }
  std::sort(sets.begin(), sets.end());
  return sets;
}

inline std::filesystem::path fixture_path(const std::string& set, const std::string& suffix) {
  return *fixtures_folder() / (set + suffix);
}

inline nlohmann::json fixture_config(const std::string& set) {
  std::ifstream file(fixture_path(set, ".config.json"));
  return nlohmann::json::parse(file);
}

inline tensor::SafetensorsFile fixture_file(const std::string& set,
                                            const std::string& part = "io") {
  return tensor::SafetensorsFile(fixture_path(set, "." + part + ".safetensors"));
}

inline bool has_fixture_file(const std::string& set, const std::string& part) {
  return std::filesystem::exists(fixture_path(set, "." + part + ".safetensors"));
}

/// Same shape, and no element further off than `tolerance`; NaN fails.
inline void expect_close(const at::Tensor& actual,
                         const at::Tensor& expected,
                         double tolerance,
                         const std::string& name) {
  ASSERT_EQ(actual.sizes(), expected.sizes())
      << name << ": " << tensor::shape_text(actual.sizes()) << ", expected "
      << tensor::shape_text(expected.sizes());
  if (expected.numel() == 0) return;
  const double error = (actual.detach().to(torch::kFloat64) - expected.to(torch::kFloat64))
                           .abs()
                           .max()
                           .item<double>();
  EXPECT_LE(error, tolerance) << name;
}

/// Same shape and values: codes, indices.
inline void expect_same(const at::Tensor& actual,
                        const at::Tensor& expected,
                        const std::string& name) {
  ASSERT_EQ(actual.sizes(), expected.sizes()) << name;
  EXPECT_TRUE(at::equal(actual, expected)) << name;
}

}  // namespace kilonat::parity

/// Runs `body(set)` for every set found; skips with a reason where there is none.
#define KILONAT_FOR_EACH_FIXTURE(set, ...)                                                    \
  const std::vector<std::string> kilonat_sets = ::kilonat::parity::fixture_sets(__VA_ARGS__); \
  if (!::kilonat::parity::fixtures_folder()) {                                                \
    GTEST_SKIP() << "no fixtures here: set KILONAT_FIXTURES to their folder";                 \
  }                                                                                           \
  if (kilonat_sets.empty()) GTEST_SKIP() << "the fixtures folder has no set of this kind";    \
  for (const std::string& set : kilonat_sets)
