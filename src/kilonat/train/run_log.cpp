#include "kilonat/train/run_log.h"

#include <cerrno>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/files.h"

namespace kilonat::train {

namespace {

double unix_time_s() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// The line's step, or nothing if it is not a whole line of ours.
std::optional<std::int64_t> step_of_line(std::string_view line) {
  const auto row = nlohmann::json::parse(line, nullptr, false);
  if (!row.is_object() || !row.contains("step") || !row["step"].is_number_integer()) {
    return std::nullopt;
  }
  return row["step"].get<std::int64_t>();
}

// The leading whole lines of steps up to `last_step`.
std::string_view lines_up_to(std::string_view text, std::int64_t last_step) {
  std::size_t kept = 0;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos;
       end = text.find('\n', kept)) {
    const auto step = step_of_line(text.substr(kept, end - kept));
    if (!step || *step > last_step) break;
    kept = end + 1;
  }
  return text.substr(0, kept);
}

const Scalar* find_scalar(std::span<const Scalar> row, std::string_view name) {
  for (const Scalar& scalar : row) {
    if (scalar.name == name) return &scalar;
  }
  return nullptr;
}

}  // namespace

void RunSink::image(std::int64_t, std::string_view, const Image&) {}
void RunSink::audio(std::int64_t,
                    std::string_view,
                    std::int64_t,
                    std::span<const std::vector<float>>) {}
void RunSink::histogram(std::int64_t, std::string_view, std::span<const double>) {}
void RunSink::flush() {}

void RunLog::add(std::unique_ptr<RunSink> sink) {
  sinks_.push_back(std::move(sink));
}

void RunLog::scalars(std::int64_t step, std::span<const Scalar> row) {
  for (const auto& sink : sinks_) sink->scalars(step, row);
}

void RunLog::image(std::int64_t step, std::string_view name, const Image& image) {
  for (const auto& sink : sinks_) sink->image(step, name, image);
}

void RunLog::audio(std::int64_t step,
                   std::string_view name,
                   std::int64_t sample_rate_hz,
                   std::span<const std::vector<float>> channels) {
  for (const auto& sink : sinks_) sink->audio(step, name, sample_rate_hz, channels);
}

void RunLog::histogram(std::int64_t step, std::string_view name, std::span<const double> values) {
  for (const auto& sink : sinks_) sink->histogram(step, name, values);
}

void RunLog::flush() {
  for (const auto& sink : sinks_) sink->flush();
}

JsonlSink::JsonlSink(std::filesystem::path path, std::optional<std::int64_t> resumed_step)
    : path_(std::move(path)) {
  const bool continues = resumed_step && std::filesystem::exists(path_);
  const std::string before = continues ? read_text(path_) : std::string();
  write_text_atomic(path_, continues ? lines_up_to(before, *resumed_step) : std::string_view());
  out_.open(path_, std::ios::binary | std::ios::app);
  require_good();
}

void JsonlSink::scalars(std::int64_t step, std::span<const Scalar> row) {
  nlohmann::ordered_json line = {{"step", step}, {"time_s", unix_time_s()}};
  for (const Scalar& scalar : row) line[scalar.name] = scalar.value;
  out_ << line.dump() << '\n' << std::flush;
  require_good();
}

void JsonlSink::flush() {
  out_.flush();
  require_good();
}

void JsonlSink::require_good() const {
  if (!out_) throw_io_error("writing the run log", path_, errno != 0 ? errno : EIO);
}

ConsoleSink::ConsoleSink(Progress& progress, std::vector<ConsoleColumn> columns)
    : progress_(progress), columns_(std::move(columns)) {}

void ConsoleSink::scalars(std::int64_t step, std::span<const Scalar> row) {
  // A row without any of the columns (a report on fixed clips) must not blank the line.
  const std::string text = detail(columns_, row);
  if (!text.empty()) progress_.update(step, text);
}

std::string ConsoleSink::detail(std::span<const ConsoleColumn> columns,
                                std::span<const Scalar> row) {
  std::string text;
  for (const ConsoleColumn& column : columns) {
    const Scalar* value = find_scalar(row, column.key);
    if (value == nullptr) continue;
    if (!text.empty()) text += "  ";
    text += fmt::format("{} {:.{}g}", column.label, value->value, column.significant);
    if (const Scalar* target = find_scalar(row, column.target_key)) {
      text += fmt::format("/{:.{}g}", target->value, column.significant);
    }
    if (!column.unit.empty()) text += " " + column.unit;
  }
  return text;
}

}  // namespace kilonat::train
