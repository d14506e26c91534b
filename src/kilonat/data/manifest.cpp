#include "kilonat/data/manifest.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::data {
namespace {

namespace fs = std::filesystem;

/// Column -> value of one line.
using Record = std::map<std::string, std::string>;

std::string value_of(const Record& record, const std::string& column) {
  const auto found = record.find(column);
  return found == record.end() ? std::string() : found->second;
}

FileClip clip_of(const Record& record, const fs::path& manifest, std::size_t line) {
  const std::string file = value_of(record, "file");
  KILONAT_REQUIRE(!file.empty(), DataError, "{}:{}: no 'file'", manifest.string(), line);
  ClipInfo info{.id = file,
                .caption = value_of(record, "caption"),
                .label = value_of(record, "class"),
                .split = value_of(record, "split")};
  if (info.split.empty()) info.split = split_by_hash(file);
  KILONAT_REQUIRE(info.split == "train" || info.split == "valid" || info.split == "test",
                  DataError,
                  "{}:{}: split '{}', expected train, valid or test",
                  manifest.string(),
                  line,
                  info.split);
  return {manifest.parent_path() / file, std::move(info)};
}

std::vector<FileClip> clips_of_csv(const fs::path& manifest, const std::string& text) {
  const std::vector<CsvRow> rows = parse_csv(text);
  KILONAT_REQUIRE(!rows.empty(), DataError, "{}: an empty manifest", manifest.string());
  const std::vector<std::string>& header = rows.front().fields;
  KILONAT_REQUIRE(std::find(header.begin(), header.end(), "file") != header.end(),
                  DataError,
                  "{}:1: no column 'file' in the first line",
                  manifest.string());
  std::vector<FileClip> clips;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    const CsvRow& row = rows[r];
    KILONAT_REQUIRE(row.fields.size() == header.size(),
                    DataError,
                    "{}:{}: {} fields, expected {} as in the first line",
                    manifest.string(),
                    row.line,
                    row.fields.size(),
                    header.size());
    Record record;
    for (std::size_t c = 0; c < header.size(); ++c) record[header[c]] = row.fields[c];
    clips.push_back(clip_of(record, manifest, row.line));
  }
  return clips;
}

std::vector<FileClip> clips_of_jsonl(const fs::path& manifest, const std::string& text) {
  std::vector<FileClip> clips;
  std::istringstream lines(text);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const nlohmann::json object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    KILONAT_REQUIRE(
        object.is_object(), DataError, "{}:{}: no JSON object", manifest.string(), number);
    Record record;
    for (const auto& [key, value] : object.items()) {
      if (value.is_string()) record[key] = value.get<std::string>();
    }
    clips.push_back(clip_of(record, manifest, number));
  }
  return clips;
}

}  // namespace

std::vector<CsvRow> parse_csv(std::string_view text) {
  std::vector<CsvRow> rows;
  std::size_t line = 1;
  std::size_t at = 0;
  while (at < text.size()) {
    CsvRow row{line, {std::string()}};
    bool quoted = false;
    for (; at < text.size(); ++at) {
      const char c = text[at];
      if (c == '\n') ++line;
      if (quoted) {
        const bool doubled = c == '"' && at + 1 < text.size() && text[at + 1] == '"';
        if (doubled) ++at;
        if (c == '"' && !doubled) {
          quoted = false;
        } else {
          row.fields.back() += c;
        }
      } else if (c == '"') {
        quoted = true;
      } else if (c == ',') {
        row.fields.emplace_back();
      } else if (c == '\n') {
        ++at;
        break;
      } else if (c != '\r') {
        row.fields.back() += c;
      }
    }
    KILONAT_REQUIRE(!quoted, DataError, "line {}: a quote that does not end", row.line);
    const bool is_blank = row.fields.size() == 1 && row.fields.front().empty();
    if (!is_blank) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<FileClip> clips_of_manifest(const fs::path& manifest) {
  const std::string text = read_text(manifest);
  if (manifest.extension() == ".jsonl") return clips_of_jsonl(manifest, text);
  try {
    return clips_of_csv(manifest, text);
  } catch (DataError& error) {
    if (std::string_view(error.what()).starts_with("line ")) error.add_context(manifest.string());
    throw;
  }
}

}  // namespace kilonat::data
