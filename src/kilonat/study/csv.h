#pragma once
/// Lines of a CSV file (RFC 4180). What was not measured is an empty field.

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "kilonat/study/results.h"

namespace kilonat::study {

/// The fields with commas between them, in quotes where they need them; ends with CR LF.
[[nodiscard]] std::string csv_line(const std::vector<std::string>& fields);

/// Every digit that is needed to read the same number again.
template <typename T>
[[nodiscard]] std::string csv_number(const std::optional<T>& value) {
  if (!value || !std::isfinite(static_cast<double>(*value))) return {};
  return fmt::format("{}", *value);
}

[[nodiscard]] std::string csv_number(const Figures& figures, const std::string& name);

}  // namespace kilonat::study
