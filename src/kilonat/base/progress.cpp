#include "kilonat/base/progress.h"

#include <algorithm>
#include <cmath>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace kilonat {

namespace {

constexpr std::int64_t kSpeedWindow = 50;  // updates that the speed is averaged over

double seconds_between(Progress::Clock::time_point from, Progress::Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string format_speed(double seconds_per_unit, const std::string& unit) {
  if (seconds_per_unit >= 0.1) return fmt::format("{:.2f} s/{}", seconds_per_unit, unit);
  return fmt::format("{:.1f} ms/{}", 1000 * seconds_per_unit, unit);
}

}  // namespace

bool is_terminal(int fd) {
  return ::isatty(fd) == 1;
}

std::string format_duration(double seconds) {
  if (seconds < 9.95) return fmt::format("{:.1f} s", std::max(seconds, 0.0));
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

Progress::Progress(ProgressOptions options, std::ostream& out)
    : options_(std::move(options)),
      out_(out),
      done_(options_.start),
      last_update_(Clock::now()),
      last_print_(last_update_) {}

Progress::~Progress() {
  if (!finished_ && options_.terminal && printed_) out_ << "\n" << std::flush;
}

void Progress::update(std::int64_t done, std::string_view detail) {
  const auto now = Clock::now();
  if (done > done_) {
    const double seconds = seconds_between(last_update_, now) / static_cast<double>(done - done_);
    ++num_updates_;
    // A running mean at first, then an exponential one over the window.
    const double share = 1.0 / static_cast<double>(std::min(num_updates_, kSpeedWindow));
    seconds_per_unit_ += share * (seconds - seconds_per_unit_);
    last_update_ = now;
  }
  done_ = done;
  detail_ = detail;
  const double interval_s =
      options_.terminal ? options_.terminal_interval_s : options_.plain_interval_s;
  if (!printed_ || seconds_between(last_print_, now) >= interval_s) {
    last_print_ = now;
    print(false);
  }
}

void Progress::finish() {
  if (finished_) return;
  print(true);
  finished_ = true;
}

double Progress::seconds_left() const {
  const std::int64_t left = options_.total - done_;
  return left > 0 ? seconds_per_unit_ * static_cast<double>(left) : 0;
}

std::string Progress::line() const {
  std::string text = fmt::format("{} {}", options_.label, options_.unit);
  text +=
      options_.total > 0 ? fmt::format(" {}/{}", done_, options_.total) : fmt::format(" {}", done_);
  if (num_updates_ > 0) text += "  " + format_speed(seconds_per_unit_, options_.unit);
  if (seconds_left() > 0) text += fmt::format("  {} left", format_duration(seconds_left()));
  if (!detail_.empty()) text += "  " + detail_;
  return text;
}

void Progress::print(bool last) {
  if (options_.quiet) return;
  const std::string text = line();
  if (options_.terminal) {
    const std::size_t padding = line_length_ > text.size() ? line_length_ - text.size() : 0;
    out_ << '\r' << text << std::string(padding, ' ') << (last ? "\n" : "");
    line_length_ = text.size();
  } else {
    out_ << text << '\n';
  }
  out_ << std::flush;
  printed_ = true;
}

}  // namespace kilonat
