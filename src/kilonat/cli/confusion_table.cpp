#include "kilonat/cli/confusion_table.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace kilonat::cli {
namespace {

constexpr std::size_t kColumn = 6;

std::string shortened(const std::string& name, std::size_t length) {
  return name.size() <= length ? name : name.substr(0, length);
}

}  // namespace

std::vector<std::vector<std::int64_t>> confusion_rows(const at::Tensor& confusion_KK) {
  std::vector<std::vector<std::int64_t>> rows;
  for (std::int64_t i = 0; i < confusion_KK.size(0); ++i) {
    const at::Tensor row = confusion_KK[i].contiguous();
    const auto* begin = row.data_ptr<std::int64_t>();
    rows.emplace_back(begin, begin + row.numel());
  }
  return rows;
}

std::vector<std::string> confusion_lines(const at::Tensor& confusion_KK,
                                         const std::vector<std::string>& classes) {
  std::size_t width = 0;
  for (const std::string& name : classes) width = std::max(width, name.size());
  std::string head = fmt::format("{:{}}", "taken for", width);
  for (const std::string& name : classes) {
    head += fmt::format(" {:>{}}", shortened(name, kColumn), kColumn);
  }
  std::vector<std::string> lines{head};
  const auto rows = confusion_rows(confusion_KK);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string line = fmt::format("{:{}}", classes[i], width);
    for (const std::int64_t count : rows[i]) {
      line += fmt::format(" {:>{}}", count == 0 ? "." : std::to_string(count), kColumn);
    }
    lines.push_back(line);
  }
  return lines;
}

}  // namespace kilonat::cli
