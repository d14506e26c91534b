#include "kilonat/study/curve.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::study {
namespace {

using nlohmann::json;

constexpr std::int64_t kLongestLine = 1 << 16;  // of a log, in bytes

/// What the log says of each step.
using Rows = std::map<std::int64_t, Figures>;

void add_line(Rows& rows, const json& line) {
  Figures& row = rows[line["step"].get<std::int64_t>()];
  for (const auto& [name, value] : line.items()) {
    if (name != "step" && name != "time_s" && value.is_number()) row[name] = value.get<double>();
  }
}

bool is_log_line(const json& line) {
  return line.is_object() && line.contains("step") && line["step"].is_number_integer();
}

Rows read_rows(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  Rows rows;
  std::size_t start = 0;
  for (int number = 1; start < text.size(); ++number) {
    const std::size_t end = text.find('\n', start);
    if (end == std::string::npos) break;  // cut off
    const json line =
        json::parse(std::string_view(text).substr(start, end - start), nullptr, false);
    KILONAT_REQUIRE(is_log_line(line),
                    FormatError,
                    "reading the run log '{}': line {} is no JSON object with a step; "
                    "remove the line or train the run anew",
                    path.string(),
                    number);
    add_line(rows, line);
    start = end + 1;
  }
  return rows;
}

std::optional<double> mean_of(const std::vector<std::optional<double>>& values,
                              std::size_t begin,
                              std::size_t end) {
  double sum = 0;
  int count = 0;
  for (std::size_t i = begin; i < end; ++i) {
    if (!values[i]) continue;
    sum += *values[i];
    ++count;
  }
  return count > 0 ? std::optional(sum / count) : std::nullopt;
}

}  // namespace

Curve read_curve(const std::filesystem::path& path) {
  const Rows rows = read_rows(path);
  Curve curve;
  for (const auto& [step, row] : rows) {
    for (const auto& [name, value] : row) curve.metrics[name].resize(rows.size());
  }
  for (const auto& [step, row] : rows) {
    for (const auto& [name, value] : row) curve.metrics[name][curve.step.size()] = value;
    curve.step.push_back(step);
  }
  return curve;
}

std::int64_t last_logged_step(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return 0;
  const auto size = static_cast<std::int64_t>(file.tellg());
  file.seekg(std::max<std::int64_t>(0, size - kLongestLine));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  text.erase(text.find_last_of('\n') + 1);
  if (text.empty()) return 0;
  const std::size_t before = text.find_last_of('\n', text.size() - 2);
  const std::size_t start = before == std::string::npos ? 0 : before + 1;
  const json line = json::parse(std::string_view(text).substr(start), nullptr, false);
  return is_log_line(line) ? line["step"].get<std::int64_t>() : 0;
}

Curve thinned(const Curve& curve, std::int64_t rows_per_point) {
  if (rows_per_point == 1) return curve;
  const auto stride = static_cast<std::size_t>(rows_per_point);
  const std::size_t count = curve.step.size();
  Curve result;
  for (std::size_t begin = 0; begin < count; begin += stride) {
    const std::size_t end = std::min(begin + stride, count);
    result.step.push_back(curve.step[end - 1]);
    for (const auto& [name, values] : curve.metrics) {
      result.metrics[name].push_back(mean_of(values, begin, end));
    }
  }
  return result;
}

std::optional<double> last_value(const Curve& curve, const std::string& metric) {
  const auto found = curve.metrics.find(metric);
  if (found == curve.metrics.end()) return std::nullopt;
  for (auto value = found->second.rbegin(); value != found->second.rend(); ++value) {
    if (*value) return *value;
  }
  return std::nullopt;
}

}  // namespace kilonat::study
