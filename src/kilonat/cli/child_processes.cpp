#include "kilonat/cli/child_processes.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <optional>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/base/progress.h"

namespace kilonat::cli {
namespace {

constexpr auto kTick = std::chrono::milliseconds(200);

pid_t start(const ChildProcess& child) {
  std::vector<std::string> words{"kilonat"};
  words.insert(words.end(), child.words.begin(), child.words.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, "/proc/self/exe", nullptr, nullptr, arguments.data(), environ);
  KILONAT_REQUIRE(error == 0, IoError, "starting '{}': error {}", child.name, error);
  return pid;
}

struct Failure {
  std::string name;
  int status = 0;  // as waitpid tells
};

/// The first failure as this process's own: the child's exit code is kept.
[[noreturn]] void fail_like(const Failure& failure) {
  if (WIFSIGNALED(failure.status)) {
    throw InternalError(
        fmt::format("study: run '{}' was ended by signal {}; what was finished is "
                    "kept, the same command goes on",
                    failure.name,
                    WTERMSIG(failure.status)));
  }
  throw Error(fmt::format("study: run '{}' failed, as it said above; what was finished is kept",
                          failure.name),
              WEXITSTATUS(failure.status));
}

/// A child that has ended, with its exit status; process 0 if none has.
std::pair<pid_t, int> ended_child() {
  int status = 0;
  pid_t pid = 0;
  do {
    pid = waitpid(-1, &status, WNOHANG);
  } while (pid < 0 && errno == EINTR);
  KILONAT_REQUIRE(pid >= 0, InternalError, "waiting for a child process: error {}", errno);
  return {pid, status};
}

std::vector<std::string> names_of(const std::map<pid_t, std::string>& running) {
  std::vector<std::string> names;
  for (const auto& [pid, name] : running) names.push_back(name);
  return names;
}

}  // namespace

void run_children(const std::vector<ChildProcess>& children, int jobs, const OnChildren& on_tick) {
  std::map<pid_t, std::string> running;
  std::optional<Failure> failure;
  std::exception_ptr own_error;
  const auto guarded = [&](const auto& action) {
    try {
      action();
    } catch (...) {
      own_error = std::current_exception();
    }
  };
  std::size_t next = 0;
  for (;;) {
    const bool may_start = !failure && !own_error && !interrupt_requested();
    if (may_start && next < children.size() && running.size() < static_cast<std::size_t>(jobs)) {
      const ChildProcess& child = children[next++];
      guarded([&] { running[start(child)] = child.name; });
      continue;
    }
    if (running.empty()) break;
    const auto [pid, status] = ended_child();
    if (pid == 0) {
      if (on_tick && !own_error) {
        guarded([&] { on_tick(names_of(running), next - running.size()); });
      }
      std::this_thread::sleep_for(kTick);
      continue;
    }
    const bool ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!ended_well && !failure) failure = {running[pid], status};
    running.erase(pid);
  }
  throw_if_interrupted("study");
  if (own_error) std::rethrow_exception(own_error);
  if (on_tick) on_tick({}, next);
  if (failure) fail_like(*failure);
}

void run_study_children(const std::vector<ChildProcess>& runs,
                        int jobs,
                        bool quiet,
                        const StepsLeft& steps_left) {
  if (quiet) return run_children(runs, jobs, {});
  const std::int64_t total = steps_left({});
  Progress progress({.label = "study", .total = total, .terminal = is_terminal(2)}, std::cerr);
  run_children(runs, jobs, [&](const std::vector<std::string>& running, std::size_t ended) {
    progress.update(
        std::max<std::int64_t>(0, total - steps_left(running)),
        fmt::format("{} of {} runs ended  {}", ended, runs.size(), fmt::join(running, ", ")));
  });
  progress.finish();
}

}  // namespace kilonat::cli
