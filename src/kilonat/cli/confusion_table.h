#pragma once
/// Confusion matrices on the terminal and in JSON.

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace kilonat::cli {

/// The counts, row by row.
[[nodiscard]] std::vector<std::vector<std::int64_t>> confusion_rows(const at::Tensor& confusion_KK);

/// A heading and a line for each class: its clips by what they were taken for; zeros are dots.
/// @param confusion_KK  int64, rows: the true class. @param classes  its K names.
[[nodiscard]] std::vector<std::string> confusion_lines(const at::Tensor& confusion_KK,
                                                       const std::vector<std::string>& classes);

}  // namespace kilonat::cli
