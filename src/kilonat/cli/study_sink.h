#pragma once
/// A study's progress, moved on by the steps of one of its runs.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kilonat/base/progress.h"
#include "kilonat/train/run_log.h"

namespace kilonat::cli {

class StudySink : public train::RunSink {
 public:
  /// @param steps_before  of the runs before this one. @param unit  the run's name, shown.
  StudySink(Progress& progress,
            std::int64_t steps_before,
            std::string unit,
            std::vector<train::ConsoleColumn> columns);

  void scalars(std::int64_t step, std::span<const train::Scalar> row) override;

 private:
  Progress& progress_;
  std::int64_t steps_before_;
  std::int64_t first_step_ = -1;  // of what is left of the run
  std::string unit_;
  std::vector<train::ConsoleColumn> columns_;
};

}  // namespace kilonat::cli
