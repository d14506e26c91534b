#pragma once
/// Manifests: CSV or JSON lines that list sound files.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kilonat/data/file_source.h"

namespace kilonat::data {

/// The files that a .csv or .jsonl lists. Paths are relative to the manifest; an empty `split`
/// is filled in by split_by_hash. Other columns are ignored.
/// @throws IoError; DataError, "manifest:line: ...", for one without `file`, a row of another
///         length, a quote that does not end, JSON that cannot be read, an unknown split.
[[nodiscard]] std::vector<FileClip> clips_of_manifest(const std::filesystem::path& manifest);

/// Rows of a CSV text (RFC 4180: quoted fields may hold commas, doubled quotes and line breaks).
struct CsvRow {
  std::size_t line = 0;  ///< on which it begins, from 1
  std::vector<std::string> fields;
};
/// @throws DataError("line N: ...") for a quote that does not end.
[[nodiscard]] std::vector<CsvRow> parse_csv(std::string_view text);

}  // namespace kilonat::data
