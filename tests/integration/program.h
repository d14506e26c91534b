#pragma once
/// Runs the built program as a user would: arguments in; exit code, output and files out.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/temporary_folder.h"

namespace kilonat::integration {

struct Outcome {
  int exit_code = 0;  ///< 128 + signal if it was killed
  std::string out;
  std::string err;
  std::int64_t peak_memory_bytes = 0;  ///< largest resident set
};

struct RunOptions {
  /// Largest file that the program may write (a full disk, as far as it can tell); 0: no limit.
  std::int64_t max_file_bytes = 0;
  std::chrono::seconds time_limit{60};
};

/// Runs `kilonat ARGUMENTS` to its end. One thread, so that runs are comparable.
Outcome kilonat(const std::vector<std::string>& arguments, const RunOptions& options = {});

/// Runs it; the test fails if it does.
void expect_success(const std::vector<std::string>& arguments);

/// A program in the background, killed by the destructor.
class Running {
 public:
  explicit Running(const std::vector<std::string>& arguments, const RunOptions& options = {});
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void send(int signal) const;
  [[nodiscard]] bool is_running();
  [[nodiscard]] std::string err_so_far() const;
  /// Waits for its end.
  Outcome wait();

 private:
  kilonat::testing::TemporaryFolder output_folder_;
  pid_t pid_ = -1;
  std::optional<int> status_;
  std::int64_t peak_memory_bytes_ = 0;
  std::chrono::seconds time_limit_;
};

/// Waits until `condition` holds. @returns false after `limit`.
bool wait_until(const std::function<bool()>& condition,
                std::chrono::milliseconds limit = std::chrono::seconds(60));

/// An empty folder of its own for a test, removed at the end.
class Scratch {
 public:
  [[nodiscard]] std::filesystem::path path(const std::string& name = {}) const;
  /// The same as text, for arguments.
  [[nodiscard]] std::string operator()(const std::string& name) const {
    return path(name).string();
  }

 private:
  kilonat::testing::TemporaryFolder folder_;
};

/// Every file below `folder`, relative, sorted; empty if there is no such folder.
[[nodiscard]] std::vector<std::string> files_below(const std::filesystem::path& folder);
[[nodiscard]] std::string read_bytes(const std::filesystem::path& path);
void write_bytes(const std::filesystem::path& path, const std::string& bytes);
/// Lines of `text`, without their ends.
[[nodiscard]] std::vector<std::string> lines_of(const std::string& text);

}  // namespace kilonat::integration
