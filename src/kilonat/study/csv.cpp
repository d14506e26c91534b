#include "kilonat/study/csv.h"

#include <string_view>

#include <fmt/ranges.h>

namespace kilonat::study {
namespace {

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + '"';
}

}  // namespace

std::string csv_line(const std::vector<std::string>& fields) {
  std::vector<std::string> cells;
  for (const std::string& field : fields) cells.push_back(csv_field(field));
  return fmt::format("{}\r\n", fmt::join(cells, ","));
}

std::string csv_number(const Figures& figures, const std::string& name) {
  const auto found = figures.find(name);
  return found == figures.end() ? std::string() : csv_number(std::optional(found->second));
}

}  // namespace kilonat::study
