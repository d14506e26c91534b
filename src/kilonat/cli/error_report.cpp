#include "kilonat/cli/error_report.h"

#include <algorithm>
#include <filesystem>
#include <new>

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/torch_error.h"

namespace kilonat::cli {
namespace {

constexpr int kIoExitCode = 7;
constexpr int kInternalExitCode = 70;

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

bool ran_out_of_memory(const std::string& text) {
  return text.find("can't allocate memory") != std::string::npos ||
         text.find("out of memory") != std::string::npos;
}

ErrorReport out_of_memory(const std::string& detail) {
  return {fmt::format("out of memory{}; take a smaller batch, shorter excerpts or a smaller model",
                      detail.empty() ? "" : ": " + detail),
          kIoExitCode};
}

}  // namespace

ErrorReport report_of(const std::exception& error) {
  if (const auto* own = dynamic_cast<const Error*>(&error)) {
    return {one_line(own->what()), own->exit_code()};
  }
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return out_of_memory("");
  if (dynamic_cast<const std::filesystem::filesystem_error*>(&error) != nullptr) {
    return {one_line(error.what()), kIoExitCode};
  }
  const std::string text = one_line(tensor::what_without_backtrace(error));
  if (ran_out_of_memory(text)) return out_of_memory(text);
  return {fmt::format("internal error: {}", text), kInternalExitCode};
}

}  // namespace kilonat::cli
