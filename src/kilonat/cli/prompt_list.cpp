#include "kilonat/cli/prompt_list.h"

#include <algorithm>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/data/file_source.h"
#include "kilonat/data/manifest.h"
#include "kilonat/study/csv.h"

namespace kilonat::cli {
namespace {

std::optional<std::size_t> column_of(const data::CsvRow& header, const std::string& name) {
  const auto found = std::find(header.fields.begin(), header.fields.end(), name);
  if (found == header.fields.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header.fields.begin());
}

std::vector<data::CsvRow> rows_of(const std::filesystem::path& path) {
  try {
    return data::parse_csv(read_text(path));
  } catch (DataError& error) {
    error.add_context(fmt::format("'{}'", path.string()));
    throw;
  }
}

std::vector<Prompt> prompts_of_csv(const std::filesystem::path& path) {
  const std::vector<data::CsvRow> rows = rows_of(path);
  const auto caption = rows.empty() ? std::nullopt : column_of(rows.front(), "caption");
  KILONAT_REQUIRE(caption, DataError, "'{}:1': no column 'caption'", path.string());
  const auto label = column_of(rows.front(), "class");
  std::vector<Prompt> prompts;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const data::CsvRow& row = rows[i];
    KILONAT_REQUIRE(row.fields.size() == rows.front().fields.size(),
                    DataError,
                    "'{}:{}': {} fields, the header has {}",
                    path.string(),
                    row.line,
                    row.fields.size(),
                    rows.front().fields.size());
    KILONAT_REQUIRE(!is_blank(row.fields[*caption]),
                    DataError,
                    "'{}:{}': no prompt in the column 'caption'",
                    path.string(),
                    row.line);
    prompts.push_back({row.fields[*caption], label ? row.fields[*label] : ""});
  }
  return prompts;
}

std::vector<Prompt> prompts_of_lines(const std::filesystem::path& path) {
  std::vector<Prompt> prompts;
  std::istringstream text(read_text(path));
  for (std::string line; std::getline(text, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!is_blank(line)) prompts.push_back({line});
  }
  return prompts;
}

}  // namespace

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::vector<Prompt> read_prompts(const std::filesystem::path& path) {
  const std::string extension = data::extension_of(path);
  KILONAT_REQUIRE(extension != ".jsonl" && extension != ".json",
                  DataError,
                  "'{}': prompts are read from a .csv with a column 'caption', or from text, a "
                  "prompt a line; not from {}",
                  path.string(),
                  extension);
  std::vector<Prompt> prompts = extension == ".csv" ? prompts_of_csv(path) : prompts_of_lines(path);
  KILONAT_REQUIRE(!prompts.empty(), DataError, "'{}': no prompt in it", path.string());
  return prompts;
}

std::string manifest_csv(const std::vector<MadeSound>& sounds) {
  std::string text = study::csv_line({"file", "caption", "class", "split", "seed"});
  for (const MadeSound& sound : sounds) {
    text += study::csv_line(
        {sound.file, sound.prompt.caption, sound.prompt.label, "test", std::to_string(sound.seed)});
  }
  return text;
}

}  // namespace kilonat::cli
