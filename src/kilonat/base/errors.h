#pragma once
/// The error tree. `cli/main` maps each type to the process's exit code.

#include <stdexcept>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace kilonat {

/// Base of every error that Kilonat throws on purpose.
///
/// Message grammar: what was being done: what was found, what was expected; hint. One line.
class Error : public std::runtime_error {
 public:
  Error(std::string message, int exit_code);

  /// Process exit code for this kind of error (the table is in docs/architecture.md).
  [[nodiscard]] int exit_code() const noexcept { return exit_code_; }
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
  /// Puts "`context`: " before the message; called at file, step and worker boundaries only.
  void add_context(std::string_view context);

 private:
  std::string message_;
  int exit_code_;
};

/// Wrong usage, a wrong config, an impossible request. Exit code 2.
class ConfigError : public Error {
 public:
  explicit ConfigError(std::string message) : Error(std::move(message), 2) {}
};

/// Audio or manifests that cannot be used. Exit code 3.
class DataError : public Error {
 public:
  explicit DataError(std::string message) : Error(std::move(message), 3) {}
};

/// A model, checkpoint or container that is truncated, corrupt or foreign. Exit code 4.
class FormatError : public Error {
 public:
  explicit FormatError(std::string message) : Error(std::move(message), 4) {}
};

/// Tensors of the wrong shape at a public function. Exit code 5.
class ShapeError : public Error {
 public:
  explicit ShapeError(std::string message) : Error(std::move(message), 5) {}
};

/// NaN, Inf or divergence. Exit code 6.
class NumericError : public Error {
 public:
  explicit NumericError(std::string message) : Error(std::move(message), 6) {}
};

/// A file that cannot be opened, read, written or renamed; a full disk. Exit code 7.
class IoError : public Error {
 public:
  explicit IoError(std::string message) : Error(std::move(message), 7) {}
};

/// A folder that another process is at work in. Exit code 7.
class BusyError : public IoError {
 public:
  using IoError::IoError;
};

/// A broken promise of our own code. Exit code 70.
class InternalError : public Error {
 public:
  explicit InternalError(std::string message) : Error(std::move(message), 70) {}
};

/// The user pressed Ctrl-C (or sent SIGTERM); what could be saved has been. Exit code 130.
class Interrupted : public Error {
 public:
  explicit Interrupted(std::string message) : Error(std::move(message), 130) {}
};

}  // namespace kilonat

/// Checks a precondition on the caller of a public function, also in release builds.
#define KILONAT_REQUIRE(condition, ErrorType, ...)            \
  do {                                                        \
    if (!(condition)) {                                       \
      throw ::kilonat::ErrorType(::fmt::format(__VA_ARGS__)); \
    }                                                         \
  } while (false)
