/// What goes wrong ends in one line on standard error, the right exit code, and nothing
/// half-written.

#include <chrono>
#include <cmath>
#include <csignal>
#include <functional>
#include <limits>
#include <memory>
#include <thread>

#include "integration/minute_model.h"
#include "integration/program.h"
#include "integration/sounds.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kilonat::integration {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kUsage = 2;
constexpr int kData = 3;
constexpr int kFormat = 4;
constexpr int kNumeric = 6;
constexpr int kIo = 7;

/// A trained model ("run/") and sounds ("sounds/") for all tests; a folder for the test's own
/// files.
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

  /// Runs and expects one line, this code, these words; and no new file below the scratch folder.
  void expect_failure(const std::vector<std::string>& words,
                      int exit_code,
                      const std::string& part,
                      const RunOptions& options = {}) const {
    const auto before = files_below(scratch_.path());
    const Outcome outcome = kilonat(words, options);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_THAT(outcome.err, StartsWith("kilonat: error: "));
    EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_EQ(lines_of(outcome.err).size(), 1u) << outcome.err;
    EXPECT_EQ(files_below(scratch_.path()), before);
  }

  void expect_reconstruct_fails(const std::string& in,
                                int exit_code,
                                const std::string& part) const {
    expect_failure({"reconstruct", model(), in, scratch_("out.wav")}, exit_code, part);
  }

  /// Writes a sound of constant value and returns its path.
  std::string wav(const std::string& name, const WavOptions& options, float value) const {
    write_wav(scratch_.path(name), options, [value](double) { return value; });
    return scratch_(name);
  }

  static std::unique_ptr<Scratch> shared_;
  Scratch scratch_;
};

std::unique_ptr<Scratch> BadInput::shared_;

TEST_F(BadInput, MissingSoundFile) {
  expect_reconstruct_fails(scratch_("none.wav"), kIo, "none.wav");
}

TEST_F(BadInput, EmptySoundFile) {
  write_bytes(scratch_.path("empty.wav"), "");
  expect_reconstruct_fails(scratch_("empty.wav"), kData, "empty.wav");
}

TEST_F(BadInput, TruncatedSoundFile) {
  write_wav(scratch_.path("cut.wav"), {}, pluck(1));
  fs::resize_file(scratch_.path("cut.wav"), 20);
  expect_reconstruct_fails(scratch_("cut.wav"), kData, "cut.wav");
}

TEST_F(BadInput, SoundFileOfZeroSamples) {
  expect_reconstruct_fails(wav("zero.wav", {.seconds = 0}, 0), kData, "zero.wav");
}

TEST_F(BadInput, SoundFileFullOfNaN) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  expect_reconstruct_fails(wav("nan.wav", {}, nan), kData, "nan.wav");
}

TEST_F(BadInput, SoundFileOfNineChannels) {
  expect_reconstruct_fails(wav("nine.wav", {.num_channels = 9}, 0.1F), kData, "nine.wav");
}

TEST_F(BadInput, TextThatIsNoSound) {
  write_bytes(scratch_.path("text.wav"), "this is not a sound\n");
  expect_reconstruct_fails(scratch_("text.wav"), kData, "text.wav");
}

TEST_F(BadInput, SilenceAndLowRatesAreNoErrors) {
  for (const std::string& sound :
       {wav("silent.wav", {}, 0), wav("low.wav", {.sample_rate_hz = 4000}, 0.1F)}) {
    const Outcome outcome = kilonat({"reconstruct", model(), sound, sound + ".out.wav", "--quiet"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
  }
  const Outcome eval = kilonat({"eval", model(), "--data", scratch_("silent.wav"), "--quiet"});
  EXPECT_EQ(eval.exit_code, 0) << eval.err;
}

TEST_F(BadInput, FolderWithoutSounds) {
  fs::create_directories(scratch_.path("nothing"));
  expect_failure({"eval", model(), "--data", scratch_("nothing")}, kData, "nothing");
  expect_failure(train_words(config(), scratch_("nothing"), scratch_("run")), kData, "nothing");
}

TEST_F(BadInput, BadFilesAmongGoodOnesAreNamedAndLeftOut) {
  write_plucks(scratch_.path("mixed"), 11);
  write_bytes(scratch_.path("mixed/broken.wav"), "this is not a sound\n");
  const Outcome eval = kilonat({"eval", model(), "--data", scratch_("mixed"), "--quiet"});
  EXPECT_EQ(eval.exit_code, 0) << eval.err;
  EXPECT_THAT(eval.err, HasSubstr("broken.wav"));
  const Outcome train = kilonat(train_words(config(), scratch_("mixed"), scratch_("run")));
  EXPECT_EQ(train.exit_code, 0) << train.err;
  fs::remove_all(scratch_.path("run"));

  fs::create_directories(scratch_.path("broken"));
  fs::rename(scratch_.path("mixed/broken.wav"), scratch_.path("broken/broken.wav"));
  const Outcome none = kilonat({"eval", model(), "--data", scratch_("broken"), "--quiet"});
  EXPECT_EQ(none.exit_code, kData) << none.err;
  EXPECT_THAT(none.err, HasSubstr("none of the 1 clips can be used"));
}

TEST_F(BadInput, MisspelledConfigKey) {
  write_bytes(scratch_.path("typo.toml"), "[rate]\ntarget_kbs = 2.0\n");
  expect_failure(train_words(scratch_("typo.toml"), sounds(), scratch_("run")),
                 kUsage,
                 "did you mean 'target_kbps'?");
}

TEST_F(BadInput, MissingConfig) {
  expect_failure(
      train_words("no-such-config", sounds(), scratch_("run")), kUsage, "no-such-config");
}

TEST_F(BadInput, RateThatTheLatentCannotCarry) {
  expect_failure(train_words(config(), sounds(), scratch_("run"), {"--rate", "500"}),
                 kUsage,
                 "latent channels carry at most");
}

TEST_F(BadInput, RateThatIsNotPositive) {
  expect_failure(train_words(config(), sounds(), scratch_("run"), {"--rate", "0"}), kUsage, "rate");
}

TEST_F(BadInput, DivergenceStopsTheRunAndKeepsTheLastGoodCheckpoint) {
  // A learning rate that makes infinities of the weights within a few steps.
  const Outcome outcome = kilonat(train_words(config(),
                                              sounds(),
                                              scratch_("run"),
                                              {"--steps",
                                               "100",
                                               "--set",
                                               "optim.schedule.warmup_steps=0",
                                               "--set",
                                               "optim.generator.learning_rate=1e12",
                                               "--set",
                                               "run.checkpoint_every=1",
                                               "--set",
                                               "run.sample_every=0"}));
  EXPECT_EQ(outcome.exit_code, kNumeric) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("is not finite; batch skipped"));
  EXPECT_THAT(lines_of(outcome.err).back(), HasSubstr("too many such batches"));
  EXPECT_THAT(lines_of(outcome.err).back(), HasSubstr("pluck-"));
  // "kilonat: warning: step N: ..": the checkpoints kept are from before it.
  const std::string first = lines_of(outcome.err).front();
  const int first_bad_step = std::stoi(first.substr(first.find("step ") + 5));
  const auto kept = files_below(scratch_.path("run/checkpoints"));
  ASSERT_FALSE(kept.empty());
  for (const std::string& file : kept) EXPECT_LT(std::stoi(file.substr(5)), first_bad_step) << file;
  EXPECT_FALSE(fs::exists(scratch_.path("run/model.safetensors")));
}

TEST_F(BadInput, UnknownFlagAndMissingArgument) {
  expect_failure({"train", "--bitrate", "2"}, kUsage, "see 'kilonat train --help'");
  expect_failure({"eval"}, kUsage, "see 'kilonat eval --help'");
  expect_failure({}, kUsage, "see 'kilonat --help'");
}

TEST_F(BadInput, UnknownDevice) {
  expect_failure({"eval", model(), "--data", sounds(), "--device", "abacus"}, kUsage, "abacus");
}

TEST_F(BadInput, MissingModel) {
  expect_failure({"info", scratch_("none.safetensors")}, kIo, "none.safetensors");
}

TEST_F(BadInput, ModelThatIsText) {
  write_bytes(scratch_.path("text.safetensors"), "hello, this is a text and not a model at all");
  expect_failure({"info", scratch_("text.safetensors")}, kFormat, "text.safetensors");
  expect_failure(
      {"eval", scratch_("text.safetensors"), "--data", sounds()}, kFormat, "text.safetensors");
}

TEST_F(BadInput, ModelThatIsTruncated) {
  const std::string bytes = read_bytes(fs::path(model()) / "model.safetensors");
  write_bytes(scratch_.path("half.safetensors"), bytes.substr(0, bytes.size() / 2));
  expect_failure(
      {"eval", scratch_("half.safetensors"), "--data", sounds()}, kFormat, "half.safetensors");
}

TEST_F(BadInput, ForeignCheckpointToImport) {
  write_bytes(scratch_.path("weights.pth"), "PK this is no zip");
  expect_failure({"import", "dac", scratch_("weights.pth"), scratch_("out.safetensors")},
                 kFormat,
                 "weights.pth");
}

TEST_F(BadInput, LatentsOfAnotherKind) {
  expect_failure({"decode", model(), model() + "/model.safetensors", scratch_("out.wav")},
                 kFormat,
                 "not a latents file");
}

TEST_F(BadInput, PlaceThatCannotBeWritten) {
  // Nobody, root included, can create files in /proc.
  const std::string sound = sounds() + "/pluck-1.wav";
  expect_failure({"reconstruct", model(), sound, "/proc/kilonat.wav"}, kIo, "/proc/");
  expect_failure({"encode", model(), sound, "/proc/kilonat.safetensors"}, kIo, "/proc/");
  expect_failure(train_words(config(), sounds(), "/proc/kilonat-run"), kIo, "/proc/");
}

TEST_F(BadInput, DiskThatFillsUp) {
  // To the program a limit on file sizes looks like a disk that is full: write() fails half-way.
  const std::string sound = sounds() + "/pluck-1.wav";
  const RunOptions full{.max_file_bytes = 1000};
  expect_failure(
      {"reconstruct", model(), sound, scratch_("out.wav"), "--quiet"}, kIo, "out.wav", full);
  expect_failure({"encode", model(), sound, scratch_("out.safetensors"), "--quiet"},
                 kIo,
                 "out.safetensors",
                 full);
}

TEST_F(BadInput, DiskThatFillsUpAtACheckpointKeepsTheOneBefore) {
  const Outcome outcome =
      kilonat(train_words(config(), sounds(), scratch_("run")), {.max_file_bytes = 20000});
  EXPECT_EQ(outcome.exit_code, kIo) << outcome.err;
  EXPECT_EQ(lines_of(outcome.err).size(), 1u) << outcome.err;
  // No half checkpoint: a folder of that name would be complete.
  EXPECT_FALSE(fs::exists(scratch_.path("run/checkpoints/step-5")));
}

TEST_F(BadInput, CtrlCWhileMeasuringEndsWith130AndLeavesNoFile) {
  write_wav(scratch_.path("long.wav"), {.seconds = 600}, pluck(1));
  Running running({"reconstruct", model(), scratch_("long.wav"), scratch_("out.wav"), "--quiet"});
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  running.send(SIGINT);
  const Outcome outcome = running.wait();
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  EXPECT_EQ(lines_of(outcome.err).size(), 1u);
  EXPECT_EQ(files_below(scratch_.path()), std::vector<std::string>{"long.wav"});
}

}  // namespace
}  // namespace kilonat::integration
