#include "integration/program.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace kilonat::integration {
namespace {

namespace fs = std::filesystem;

void redirect(const fs::path& path, int descriptor) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || dup2(file, descriptor) < 0) _exit(126);
}

void limit_file_size(std::int64_t bytes) {
  if (bytes == 0) return;
  const rlimit limit{static_cast<rlim_t>(bytes), static_cast<rlim_t>(bytes)};
  setrlimit(RLIMIT_FSIZE, &limit);
  signal(SIGXFSZ, SIG_IGN);  // write() then fails with EFBIG
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Running::Running(const std::vector<std::string>& arguments, const RunOptions& options)
    : time_limit_(options.time_limit) {
  std::vector<std::string> words{KILONAT_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ > 0) return;
  redirect(output_folder_ / "out", STDOUT_FILENO);
  redirect(output_folder_ / "err", STDERR_FILENO);
  limit_file_size(options.max_file_bytes);
  setenv("OMP_NUM_THREADS", "1", 1);
  execv(argv[0], argv.data());
  _exit(127);
}

Running::~Running() {
  if (!status_) {
    kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
  }
}

void Running::send(int signal) const {
  kill(pid_, signal);
}

std::string Running::err_so_far() const {
  return read_bytes(output_folder_ / "err");
}

bool Running::is_running() {
  int status = 0;
  rusage usage{};
  if (!status_ && wait4(pid_, &status, WNOHANG, &usage) == pid_) {
    status_ = status;
    peak_memory_bytes_ = usage.ru_maxrss * 1024;  // Linux counts in KiB
  }
  return !status_;
}

Outcome Running::wait() {
  if (!wait_until([&] { return !is_running(); }, time_limit_)) {
    throw std::runtime_error("the program took too long: " + read_bytes(output_folder_ / "err"));
  }
  return {exit_code_of(*status_),
          read_bytes(output_folder_ / "out"),
          read_bytes(output_folder_ / "err"),
          peak_memory_bytes_};
}

bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

Outcome kilonat(const std::vector<std::string>& arguments, const RunOptions& options) {
  return Running(arguments, options).wait();
}

void expect_success(const std::vector<std::string>& arguments) {
  const Outcome outcome = kilonat(arguments);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

fs::path Scratch::path(const std::string& name) const {
  return name.empty() ? folder_.path() : folder_ / name;
}

std::vector<std::string> files_below(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ignored)) {
    if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), folder).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_bytes(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

}  // namespace kilonat::integration
