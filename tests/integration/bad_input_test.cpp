/// What goes wrong ends in one line on standard error, the right exit code, and nothing
/// half-written: sounds, configs and requests. Models, disks and Ctrl-C: bad_place_test.cpp.

#include "integration/bad_input.h"

#include <cmath>
#include <limits>

namespace kilonat::integration {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST_F(BadInput, MissingSoundFile) {
  expect_sound_fails(scratch_("none.wav"), kIo, "none.wav");
}

TEST_F(BadInput, EmptySoundFile) {
  write_bytes(scratch_.path("empty.wav"), "");
  expect_sound_fails(scratch_("empty.wav"), kData, "empty.wav");
}

TEST_F(BadInput, TruncatedSoundFile) {
  write_wav(scratch_.path("cut.wav"), {}, pluck(1));
  fs::resize_file(scratch_.path("cut.wav"), 20);
  expect_sound_fails(scratch_("cut.wav"), kData, "cut.wav");
}

TEST_F(BadInput, SoundFileThatIsCutOff) {
  write_wav(scratch_.path("half.wav"), {}, pluck(1));
  fs::resize_file(scratch_.path("half.wav"), 16000);
  expect_sound_fails(scratch_("half.wav"), kData, "half.wav': truncated");
}

TEST_F(BadInput, SoundFileOfZeroSamples) {
  expect_sound_fails(wav("zero.wav", {.seconds = 0}, 0), kData, "zero.wav");
}

TEST_F(BadInput, SoundFileFullOfNaN) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  expect_sound_fails(wav("nan.wav", {}, nan), kData, "nan.wav");
}

TEST_F(BadInput, SoundFileOfNineChannels) {
  expect_sound_fails(wav("nine.wav", {.num_channels = 9}, 0.1F), kData, "nine.wav");
}

TEST_F(BadInput, TextThatIsNoSound) {
  write_bytes(scratch_.path("text.wav"), "this is not a sound\n");
  expect_sound_fails(scratch_("text.wav"), kData, "text.wav");
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

TEST_F(BadInput, FolderOfSilenceTrains) {
  for (int i = 0; i < 4; ++i) wav("silence/" + std::to_string(i) + ".wav", {}, 0);
  const Outcome outcome = kilonat(train_words(config(), scratch_("silence"), scratch_("run")));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(scratch_.path("run/model.safetensors")));
}

TEST_F(BadInput, SoundsOfOtherRatesLengthsAndChannelsAreNoErrors) {
  write_plucks(scratch_.path("mixed"), 4);
  wav("mixed/a-single-sample.wav", {.seconds = 1.0 / 8000}, 0.1F);
  wav("mixed/eight.wav", {.num_channels = 8, .seconds = 0.3}, 0.1F);
  wav("mixed/high.wav", {.sample_rate_hz = 96000, .seconds = 0.3}, 0.1F);
  wav("mixed/loud.wav", {.seconds = 0.3}, 1e20F);
  for (const std::vector<std::string>& words :
       {train_words(config(), scratch_("mixed"), scratch_("run")),
        {"eval", model(), "--data", scratch_("mixed"), "--quiet"}}) {
    const Outcome outcome = kilonat(words);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    // Twelve steps may miss the rate, which is said; that the sounds are unlike is not.
    for (const std::string& line : lines_of(outcome.err)) EXPECT_THAT(line, HasSubstr("rate not"));
  }
}

TEST_F(BadInput, ModelsToStartFromThatAreNone) {
  write_bytes(scratch_.path("text.safetensors"), "this is not a model\n");
  fs::copy_file(model() + "/model.safetensors", scratch_.path("half.safetensors"));
  fs::resize_file(scratch_.path("half.safetensors"), 5000);
  const auto expect_init_fails = [&](const std::string& init, int exit_code) {
    expect_failure(train_words(config(), sounds(), scratch_("run"), {"--init", scratch_(init)}),
                   exit_code,
                   init);
  };
  expect_init_fails("missing.safetensors", kIo);
  expect_init_fails("text.safetensors", kFormat);
  expect_init_fails("half.safetensors", kFormat);
}

TEST_F(BadInput, SourcesThatAreMissing) {
  expect_failure({"eval", model(), "--data", scratch_("gone")}, kData, "gone");
  expect_failure(train_words(config(), scratch_("gone"), scratch_("run")), kData, "gone");
}

TEST_F(BadInput, FolderWithoutSounds) {
  fs::create_directories(scratch_.path("nothing"));
  expect_failure({"eval", model(), "--data", scratch_("nothing")}, kData, "nothing");
  expect_failure(train_words(config(), scratch_("nothing"), scratch_("run")), kData, "nothing");
}

TEST_F(BadInput, BadFilesAmongGoodOnesAreNamedAndLeftOut) {
  write_plucks(scratch_.path("mixed"), 11);
  write_bytes(scratch_.path("mixed/broken.wav"), "this is not a sound\n");
  wav("mixed/nan.wav", {}, std::numeric_limits<float>::quiet_NaN());
  wav("mixed/nine.wav", {.num_channels = 9}, 0.1F);
  wav("mixed/zero.wav", {.seconds = 0}, 0);
  write_wav(scratch_.path("mixed/half.wav"), {}, pluck(1));
  fs::resize_file(scratch_.path("mixed/half.wav"), 16000);
  const Outcome eval = kilonat({"eval", model(), "--data", scratch_("mixed"), "--quiet"});
  EXPECT_EQ(eval.exit_code, 0) << eval.err;
  const Outcome train = kilonat(train_words(config(), scratch_("mixed"), scratch_("run")));
  EXPECT_EQ(train.exit_code, 0) << train.err;
  for (const char* name : {"broken.wav", "nan.wav", "nine.wav", "zero.wav", "half.wav"}) {
    EXPECT_THAT(eval.err, HasSubstr(name));
    EXPECT_THAT(train.err, HasSubstr(name));
  }
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

TEST_F(BadInput, ConfigValuesThatCannotBe) {
  const auto expect_refused = [&](const std::string& setting, const std::string& part) {
    expect_failure(
        train_words(config(), sounds(), scratch_("run"), {"--set", setting}), kUsage, part);
  };
  expect_refused("rate.target_kbs=2", "did you mean 'target_kbps'?");
  expect_refused("run.steps=many", "expected an integer");
  expect_refused("codec.sample_rate_hz=0", "expected 1 to");
  expect_refused("codec.encoder_strides=[4]", "they must agree");
  expect_refused("run", "run");
}

TEST_F(BadInput, ConfigThatIsNoToml) {
  write_bytes(scratch_.path("broken.toml"), "[rate]\n[rate\n");
  expect_failure(
      train_words(scratch_("broken.toml"), sounds(), scratch_("run")), kUsage, "broken.toml:2");
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

TEST_F(BadInput, RateThatIsNoPositiveNumber) {
  for (const char* rate : {"0", "-1", "nan", "inf", "much"}) {
    expect_failure(
        train_words(config(), sounds(), scratch_("run"), {"--rate", rate}), kUsage, "rate");
  }
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

TEST_F(BadInput, LengthOfNoSteps) {
  for (const char* steps : {"0", "-3", "some"}) {
    expect_failure(
        train_words(config(), sounds(), scratch_("run"), {"--steps", steps}), kUsage, "--steps");
  }
}

TEST_F(BadInput, UnknownFlagAndMissingArgument) {
  expect_failure({"train", "--bitrate", "2"}, kUsage, "see 'kilonat train --help'");
  expect_failure({"eval"}, kUsage, "see 'kilonat eval --help'");
  expect_failure({}, kUsage, "see 'kilonat --help'");
}

TEST_F(BadInput, UnknownDevice) {
  expect_failure({"eval", model(), "--data", sounds(), "--device", "abacus"}, kUsage, "abacus");
}

}  // namespace
}  // namespace kilonat::integration
