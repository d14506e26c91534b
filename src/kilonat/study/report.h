#pragma once
/// `kilonat report`: one HTML file with the results, the sounds and the page that shows them.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kilonat/study/gaussian_limit_results.h"
#include "kilonat/study/generation_results.h"
#include "kilonat/study/results.h"

namespace kilonat::study {

/// Curves are thinned to at most so many entries; the page says how many rows each is the mean of.
inline constexpr std::int64_t kMaxCurveEntries = 400;

/// What a page is made of: whichever of them one folder holds.
struct ReportContents {
  std::optional<Results> results{};
  std::optional<GenerationResults> generation{};
  std::optional<LimitResults> limit{};
};

/// What a report holds; points are those of all kinds.
struct ReportSummary {
  std::filesystem::path path;
  std::int64_t num_bytes = 0;
  std::int64_t num_points = 0;
  std::int64_t num_points_not_done = 0;
  std::int64_t num_sounds = 0;
  /// Of each sound that the page shows as missing: why.
  std::vector<std::string> missing_sounds;
};

/// Where the report of a folder lies: DIR/report/index.html.
[[nodiscard]] std::filesystem::path report_path(const std::filesystem::path& folder);

/// The results of studies (`results.json`, `generation.json`, `gaussian_limit.json`, as many as are
/// there) or of a single run.
/// @throws IoError if there is no such folder; FormatError if it is none, or for results,
///         a log or a config that cannot be read.
[[nodiscard]] ReportContents read_folder(const std::filesystem::path& folder);

/// Writes DIR/report/index.html, complete or not at all. The page needs no other file and no
/// network. A sound that cannot be read is shown as missing, with the reason.
/// @throws IoError if it cannot be written.
ReportSummary write_report(const ReportContents& contents, const std::filesystem::path& folder);

}  // namespace kilonat::study
