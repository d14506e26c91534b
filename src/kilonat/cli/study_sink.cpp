#include "kilonat/cli/study_sink.h"

#include <utility>

#include <fmt/format.h>

namespace kilonat::cli {

StudySink::StudySink(Progress& progress,
                     std::int64_t steps_before,
                     std::string unit,
                     std::vector<train::ConsoleColumn> columns)
    : progress_(progress),
      steps_before_(steps_before),
      unit_(std::move(unit)),
      columns_(std::move(columns)) {}

void StudySink::scalars(std::int64_t step, std::span<const train::Scalar> row) {
  if (first_step_ < 0) first_step_ = step - 1;
  const std::string figures = train::ConsoleSink::detail(columns_, row);
  if (figures.empty()) return;
  progress_.update(steps_before_ + step - first_step_, fmt::format("{}  {}", unit_, figures));
}

}  // namespace kilonat::cli
