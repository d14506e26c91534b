#pragma once
/// The run log: what a run reports, step by step, to any number of sinks (JSONL, TensorBoard, the
/// console's progress line).

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kilonat/base/image.h"
#include "kilonat/base/progress.h"

namespace kilonat::train {

/// A named figure of one step; the name is "group/name": "rec/mel", "rate/kbps".
struct Scalar {
  std::string name;
  double value = 0;
};

/// Where a run's reports go. Calls come from one thread, with steps that do not fall.
class RunSink {
 public:
  virtual ~RunSink() = default;
  virtual void scalars(std::int64_t step, std::span<const Scalar> row) = 0;
  /// Sinks that have no place for these ignore them.
  virtual void image(std::int64_t step, std::string_view name, const Image& image);
  /// @param channels  planar samples in [-1, 1], all of one length (AudioBuffer::channels).
  virtual void audio(std::int64_t step,
                     std::string_view name,
                     std::int64_t sample_rate_hz,
                     std::span<const std::vector<float>> channels);
  virtual void histogram(std::int64_t step, std::string_view name, std::span<const double> values);
  /// Makes what was reported visible to readers of the files.
  virtual void flush();
};

/// Passes every report to all of its sinks, in the order they were added.
class RunLog : public RunSink {
 public:
  void add(std::unique_ptr<RunSink> sink);

  void scalars(std::int64_t step, std::span<const Scalar> row) override;
  void image(std::int64_t step, std::string_view name, const Image& image) override;
  void audio(std::int64_t step,
             std::string_view name,
             std::int64_t sample_rate_hz,
             std::span<const std::vector<float>> channels) override;
  void histogram(std::int64_t step, std::string_view name, std::span<const double> values) override;
  void flush() override;

 private:
  std::vector<std::unique_ptr<RunSink>> sinks_;
};

/// One JSON object a line: {"step": 10, "time_s": 1764000000.5, "rec/mel": 1.25, ...}.
///
/// `time_s` is Unix time. A figure that is not finite becomes null. Each line is handed to the
/// system at once, so a killed run loses none that a checkpoint counts on.
class JsonlSink : public RunSink {
 public:
  /// @param resumed_step  set: the file is continued, after lines of later steps (and a half line
  ///                      of a killed run) are cut off; else it begins anew.
  /// @throws IoError if the file cannot be written (also in scalars and flush).
  JsonlSink(std::filesystem::path path, std::optional<std::int64_t> resumed_step);

  void scalars(std::int64_t step, std::span<const Scalar> row) override;
  void flush() override;

 private:
  void require_good() const;

  std::filesystem::path path_;
  std::ofstream out_;
};

/// A figure of the progress line: "rate 2.01/2.00 kbit/s".
struct ConsoleColumn {
  std::string key;           ///< the scalar's name
  std::string label;         ///< printed before it: "rate"
  std::string unit{};        ///< printed after it: "kbit/s"
  std::string target_key{};  ///< a second scalar, printed after a slash
  int significant = 4;       ///< digits
};

/// Shows the chosen figures in the progress line, which it advances to the step.
class ConsoleSink : public RunSink {
 public:
  /// `progress` must outlive the sink.
  ConsoleSink(Progress& progress, std::vector<ConsoleColumn> columns);

  void scalars(std::int64_t step, std::span<const Scalar> row) override;

  /// The figures as text, two spaces between them; columns without a scalar are left out.
  [[nodiscard]] static std::string detail(std::span<const ConsoleColumn> columns,
                                          std::span<const Scalar> row);

 private:
  Progress& progress_;
  std::vector<ConsoleColumn> columns_;
};

}  // namespace kilonat::train
