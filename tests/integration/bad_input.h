#pragma once
/// What the tests of bad input share: a trained model, sounds, and what a proper failure is.

#include <memory>

#include "integration/minute_model.h"
#include "integration/program.h"
#include "integration/sounds.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kilonat::integration {

inline constexpr int kUsage = 2;
inline constexpr int kData = 3;
inline constexpr int kFormat = 4;
inline constexpr int kNumeric = 6;
inline constexpr int kIo = 7;
inline constexpr int kInterrupted = 130;

/// A trained model ("run/") and sounds ("sounds/") for all tests of a suite; a folder for the
/// test's own files.
class BadInput : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = std::make_unique<Scratch>();
    train_minute_model(*shared_);
  }
  static void TearDownTestSuite() { shared_.reset(); }

  static std::string model() { return (*shared_)("run"); }
  static std::string sounds() { return (*shared_)("sounds"); }
  static std::string config() { return (*shared_)("minute.toml"); }

  /// One line that says `part`, and this code.
  static void expect_one_line(const Outcome& outcome, int exit_code, const std::string& part) {
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_THAT(outcome.err, ::testing::StartsWith("kilonat: error: "));
    EXPECT_THAT(outcome.err, ::testing::HasSubstr(part));
    EXPECT_EQ(lines_of(outcome.err).size(), 1u) << outcome.err;
  }

  /// Runs and expects one line, this code, these words; and no new file below the scratch folder.
  void expect_failure(const std::vector<std::string>& words,
                      int exit_code,
                      const std::string& part,
                      const RunOptions& options = {}) const {
    const auto before = files_below(scratch_.path());
    expect_one_line(kilonat(words, options), exit_code, part);
    EXPECT_EQ(files_below(scratch_.path()), before);
  }

  /// The same of every command that reads one sound.
  void expect_sound_fails(const std::string& in, int exit_code, const std::string& part) const {
    expect_failure({"reconstruct", model(), in, scratch_("out.wav")}, exit_code, part);
    expect_failure({"encode", model(), in, scratch_("out.safetensors")}, exit_code, part);
  }

  /// Writes a sound of constant value and returns its path.
  std::string wav(const std::string& name, const WavOptions& options, float value) const {
    write_wav(scratch_.path(name), options, [value](double) { return value; });
    return scratch_(name);
  }

  static inline std::unique_ptr<Scratch> shared_;
  Scratch scratch_;
};

}  // namespace kilonat::integration
