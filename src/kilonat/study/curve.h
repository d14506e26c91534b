#pragma once
/// Training curves: read from a run's log, thinned for the page.

#include <cstdint>
#include <filesystem>

#include "kilonat/study/results.h"

namespace kilonat::study {

/// The curve of a run's `metrics.jsonl`: one entry a step, lines of one step joined, in rising
/// order of steps. Null figures are none; `time_s` is left out. A last line that was cut off (a run
/// that was killed) is passed over.
/// @throws IoError; FormatError that names the file and the line.
[[nodiscard]] Curve read_curve(const std::filesystem::path& path);

/// The last step that a run's log tells of, from its last whole line; 0 if there is no line or log.
[[nodiscard]] std::int64_t last_logged_step(const std::filesystem::path& path);

/// The mean of every `rows_per_point` consecutive entries, over the values that are there, at the
/// bucket's last step. A bucket without values has none. REQUIRES: rows_per_point >= 1.
[[nodiscard]] Curve thinned(const Curve& curve, std::int64_t rows_per_point);

/// The last value of a metric, if it has any.
[[nodiscard]] std::optional<double> last_value(const Curve& curve, const std::string& metric);

}  // namespace kilonat::study
