#pragma once
/// How far a long task is: a line that rewrites itself on a terminal, plain lines elsewhere.

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace kilonat {

struct ProgressOptions {
  std::string label;          ///< what is being done: "train"
  std::string unit = "step";  ///< what is counted, singular
  std::int64_t total = 0;     ///< the count at the end; 0: unknown
  std::int64_t start = 0;     ///< the count at the beginning (a resumed run)
  bool quiet = false;         ///< print nothing
  bool terminal = false;      ///< rewrite one line; see `is_terminal`
  double terminal_interval_s = 0.1;
  double plain_interval_s = 5.0;
};

/// True if file descriptor `fd` (2: stderr) is a terminal that can rewrite its line.
[[nodiscard]] bool is_terminal(int fd);

/// "1.5 s", "2 min 03 s", "1 h 05 min".
[[nodiscard]] std::string format_duration(double seconds);

/// Prints progress on `out`, at most once per interval. Not thread-safe.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  Progress(ProgressOptions options, std::ostream& out);
  /// Ends the line if the task ended early (an exception).
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` counts from options.start; `detail` is appended as it is ("mel 1.23  2.01 kbit/s").
  void update(std::int64_t done, std::string_view detail = {});
  /// The time since the last update went into something else: it does not count for the speed.
  void leave_out_time() { last_update_ = Clock::now(); }
  /// Prints the last state whatever the interval, and ends the line.
  void finish();

  /// Seconds per unit over about the last 50 updates; 0 before the second.
  [[nodiscard]] double seconds_per_unit() const { return seconds_per_unit_; }
  /// Seconds until the end at the present speed; 0 where unknown.
  [[nodiscard]] double seconds_left() const;

 private:
  void print(bool last);
  [[nodiscard]] std::string line() const;

  ProgressOptions options_;
  std::ostream& out_;
  std::int64_t done_;
  std::string detail_;
  Clock::time_point last_update_;
  Clock::time_point last_print_;
  double seconds_per_unit_ = 0;
  std::int64_t num_updates_ = 0;
  std::size_t line_length_ = 0;
  bool printed_ = false;
  bool finished_ = false;
};

}  // namespace kilonat
