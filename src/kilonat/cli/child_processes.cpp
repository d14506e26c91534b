#include "kilonat/cli/child_processes.h"

#include <cerrno>
#include <iostream>
#include <map>
#include <optional>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/base/progress.h"

namespace kilonat::cli {
namespace {

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

/// Waits for any child. @returns its process and exit status.
std::pair<pid_t, int> wait_for_one() {
  int status = 0;
  pid_t pid = 0;
  do {
    pid = waitpid(-1, &status, 0);
  } while (pid < 0 && errno == EINTR);
  KILONAT_REQUIRE(pid > 0, InternalError, "waiting for a child process: error {}", errno);
  return {pid, status};
}

}  // namespace

void run_children(const std::vector<ChildProcess>& children,
                  int jobs,
                  const std::function<void(const std::string&)>& on_done) {
  std::map<pid_t, std::string> running;
  std::optional<Failure> failure;
  std::size_t next = 0;
  for (;;) {
    const bool may_start = !failure && !interrupt_requested();
    if (may_start && next < children.size() && running.size() < static_cast<std::size_t>(jobs)) {
      const ChildProcess& child = children[next++];
      running[start(child)] = child.name;
      continue;
    }
    if (running.empty()) break;
    const auto [pid, status] = wait_for_one();
    const std::string name = running[pid];
    running.erase(pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      on_done(name);
    } else if (!failure) {
      failure = {name, status};
    }
  }
  throw_if_interrupted("study");
  if (failure) fail_like(*failure);
}

void run_study_children(const std::vector<ChildProcess>& runs, int jobs, bool quiet) {
  Progress progress({.label = "study",
                     .unit = "run",
                     .total = static_cast<std::int64_t>(runs.size()),
                     .quiet = quiet,
                     .terminal = is_terminal(2),
                     .plain_interval_s = 0},
                    std::cerr);
  std::int64_t done = 0;
  progress.update(done, fmt::format("{} at a time; a line when one is done", jobs));
  run_children(runs, jobs, [&](const std::string& name) { progress.update(++done, name); });
  progress.finish();
}

}  // namespace kilonat::cli
