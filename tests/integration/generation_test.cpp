/// Captions to sounds: latents, a generator, sounds from it, sounds changed by it.

#include <csignal>
#include <memory>

#include "integration/minute_model.h"
#include "integration/program.h"
#include "integration/small_generator.h"
#include "integration/sounds.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kilonat::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::StartsWith;

constexpr const char* kConfig = R"(steps = 24
log_every = 1
checkpoint_every = 5
evaluate_every = 10
sample_every = 10
num_samples = 1
)";

/// A codec, captioned latents and a generator for all tests.
class Generation : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = std::make_unique<Scratch>();
    train_minute_model(*shared_);
    write_bytes(shared_->path("sounds/clips.csv"), manifest());
    write_bytes(shared_->path("small.toml"), std::string(kSmallGenerator) + kConfig);
    expect_success({"latents",
                    (*shared_)("run"),
                    "--data",
                    (*shared_)("sounds/clips.csv"),
                    "--out",
                    latents(),
                    "--augmentations",
                    "2",
                    "--quiet"});
    expect_success(train_words(generator()));
  }
  static void TearDownTestSuite() { shared_.reset(); }

  static std::string manifest() {
    std::string text = "file,caption,class,split\n";
    for (int i = 0; i < 12; ++i) {
      text += "pluck-" + std::to_string(i) + ".wav,a pluck number " + std::to_string(i) +
              ",pluck," + (i < 9 ? "train" : "valid") + "\n";
    }
    return text;
  }

  static std::string latents() { return (*shared_)("latents"); }
  static std::string generator() { return (*shared_)("generator"); }

  static std::vector<std::string> train_words(const std::string& run,
                                              const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"train-generator",
                                   (*shared_)("small.toml"),
                                   "--latents",
                                   latents(),
                                   "--out",
                                   run,
                                   "--quiet",
                                   "--threads",
                                   "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  void expect_failure(const std::vector<std::string>& words,
                      int exit_code,
                      const std::string& part) const {
    const auto before = files_below(scratch_.path());
    const Outcome outcome = kilonat(words);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_THAT(outcome.err, StartsWith("kilonat: error: "));
    EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_EQ(lines_of(outcome.err).size(), 1u) << outcome.err;
    EXPECT_EQ(files_below(scratch_.path()), before);
  }

  static void expect_same_runs(const fs::path& a, const fs::path& b) {
    EXPECT_EQ(metrics_of(a), metrics_of(b));
    EXPECT_TRUE(read_bytes(a / "model.safetensors") == read_bytes(b / "model.safetensors"));
    EXPECT_TRUE(read_bytes(a / "audio/sound-1.wav") == read_bytes(b / "audio/sound-1.wav"));
  }

  static inline std::unique_ptr<Scratch> shared_;
  Scratch scratch_;
};

TEST_F(Generation, WritesARunFolder) {
  EXPECT_THAT(files_below(generator()),
              IsSupersetOf({"config.toml",
                            "metrics.jsonl",
                            "model.safetensors",
                            "audio/sound-1.wav",
                            "checkpoints/step-24/state.json"}));
  const std::string metrics = read_bytes(fs::path(generator()) / "metrics.jsonl");
  EXPECT_THAT(metrics, HasSubstr("\"valid/score\""));
  EXPECT_THAT(metrics, HasSubstr("\"flow/loss\""));
}

TEST_F(Generation, GivesTheSameSoundForTheSameSeed) {
  const auto generate = [&](const std::string& out, const std::string& seed) {
    expect_success({"generate",
                    generator(),
                    "a pluck",
                    scratch_(out),
                    "--seconds",
                    "0.5",
                    "--steps",
                    "4",
                    "--seed",
                    seed,
                    "--quiet",
                    "--threads",
                    "1"});
    return read_bytes(scratch_.path(out));
  };
  const std::string first = generate("a.wav", "1");
  EXPECT_TRUE(first == generate("b.wav", "1"));
  EXPECT_FALSE(first == generate("c.wav", "2"));
  // 0.5 s at 8 kHz in 4-byte floats, and a header.
  EXPECT_NEAR(static_cast<double>(first.size()), 16000, 200);
}

TEST_F(Generation, TakesEverySettingOfTheSampler) {
  const auto generate = [&](const std::string& out, std::vector<std::string> more) {
    std::vector<std::string> words{"generate", generator(), "a pluck", scratch_(out)};
    words.insert(words.end(), {"--seconds", "0.5", "--steps", "3", "--quiet", "--threads", "1"});
    words.insert(words.end(), more.begin(), more.end());
    expect_success(words);
    return read_bytes(scratch_.path(out));
  };
  const std::string plain = generate("plain.wav", {});
  EXPECT_FALSE(plain == generate("heun.wav", {"--sampler", "heun"}));
  EXPECT_FALSE(plain == generate("cfg.wav", {"--cfg", "7"}));
  EXPECT_FALSE(generate("c.wav", {"--cfg", "7"}) ==
               generate("d.wav", {"--cfg", "7", "--cfg-rescale", "1"}));
  EXPECT_FALSE(generate("e.wav", {"--cfg", "7"}) ==
               generate("f.wav", {"--cfg", "7", "--negative", "a bell"}));
}

TEST_F(Generation, WritesFlacOnRequest) {
  write_bytes(scratch_.path("prompts.txt"), "a pluck\n");
  std::vector<std::string> words{"generate", generator(), "--prompts", scratch_("prompts.txt")};
  words.insert(words.end(), {scratch_("out"), "--format", "flac", "--seconds", "0.5"});
  words.insert(words.end(), {"--steps", "2", "--quiet", "--threads", "1"});
  expect_success(words);
  EXPECT_EQ(read_bytes(scratch_.path("out/sound-00000.flac")).substr(0, 4), "fLaC");
}

TEST_F(Generation, WritesAManifestThatIsASource) {
  write_bytes(scratch_.path("prompts.csv"),
              "class,caption\npluck,\"a pluck, \"\"low\"\"\"\nbell,a bell\n");
  expect_success({"generate",
                  generator(),
                  "--prompts",
                  scratch_("prompts.csv"),
                  scratch_("out"),
                  "--count",
                  "2",
                  "--seconds",
                  "0.5",
                  "--steps",
                  "2",
                  "--quiet",
                  "--threads",
                  "1",
                  "--images",
                  "--sampler",
                  "dpmpp2m"});
  EXPECT_EQ(read_bytes(scratch_.path("out/sound-00003.png")).substr(1, 3), "PNG");
  const auto rows = lines_of(read_bytes(scratch_.path("out/clips.csv")));
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[2], "sound-00001.wav,\"a pluck, \"\"low\"\"\",pluck,test,1");
  expect_success({"latents",
                  (*shared_)("run"),
                  "--data",
                  scratch_("out/clips.csv"),
                  "--out",
                  scratch_("latents"),
                  "--quiet",
                  "--threads",
                  "1"});
  const json index = json::parse(read_bytes(scratch_.path("latents/latents.json")));
  EXPECT_EQ(index["clips"][3]["label"], "bell");
}

TEST_F(Generation, ChangesASoundWithinASpanOnly) {
  const std::string sound = (*shared_)("sounds/pluck-0.wav");
  expect_success({"edit",
                  generator(),
                  sound,
                  scratch_("span.wav"),
                  "a pluck",
                  "--span",
                  "0.5:0.75",
                  "--steps",
                  "3",
                  "--quiet",
                  "--threads",
                  "1",
                  "--json",
                  scratch_("edit.json")});
  expect_success({"edit",
                  generator(),
                  sound,
                  scratch_("all.flac"),
                  "a pluck",
                  "--noise",
                  "0.4",
                  "--steps",
                  "3",
                  "--quiet",
                  "--threads",
                  "1"});
  EXPECT_EQ(json::parse(read_bytes(scratch_.path("edit.json")))["seconds"], 1.0);
  EXPECT_EQ(read_bytes(scratch_.path("all.flac")).substr(0, 4), "fLaC");
}

TEST_F(Generation, InBf16SaysOnceHowFarItsDecodingIsFromFp32) {
  const Outcome outcome = kilonat({"generate",
                                   generator(),
                                   "pluck",
                                   scratch_("pluck.wav"),
                                   "--count",
                                   "2",
                                   "--batch",
                                   "1",
                                   "--steps",
                                   "2",
                                   "--precision",
                                   "bf16"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::size_t first = outcome.out.find("dB SNR against fp32");
  EXPECT_NE(first, std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("dB SNR against fp32", first + 1), std::string::npos) << outcome.out;
}

TEST_F(Generation, SaysWhatAGeneratorIs) {
  const Outcome outcome = kilonat({"info", generator()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("24 training steps"));
  EXPECT_THAT(outcome.out, HasSubstr("embedded"));
}

TEST_F(Generation, TrainsToTheSameBytesAfterSigkill) {
  {
    Running training(train_words(scratch_("killed")));
    ASSERT_TRUE(wait_until(
        [&] { return lines_of(read_bytes(scratch_.path("killed/metrics.jsonl"))).size() >= 7; }));
    training.send(SIGKILL);
    training.wait();
  }
  expect_success(
      {"train-generator", "--resume", "--out", scratch_("killed"), "--quiet", "--threads", "1"});
  expect_same_runs(generator(), scratch_.path("killed"));
}

TEST_F(Generation, SavesACheckpointOnCtrlCAndSaysHowToGoOn) {
  Running training(train_words(scratch_("stopped"), {"--steps", "100000"}));
  ASSERT_TRUE(wait_until(
      [&] { return lines_of(read_bytes(scratch_.path("stopped/metrics.jsonl"))).size() >= 7; }));
  training.send(SIGINT);
  const Outcome outcome = training.wait();
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_THAT(outcome.err, HasSubstr("kilonat train-generator --resume --out"));
  EXPECT_EQ(lines_of(outcome.err).size(), 1u) << outcome.err;
}

TEST_F(Generation, RefusesAnotherConfigAndNamesTheKey) {
  expect_failure(
      {"train-generator", "--resume", "--out", generator(), "--set", "batches.batch_size=2"},
      2,
      "batches.batch_size = 4 -> 2");
}

TEST_F(Generation, RefusesWhatItCannotUse) {
  expect_failure({"train-generator", (*shared_)("small.toml"), "--out", scratch_("r")},
                 2,
                 "give --latents DIR");
  expect_failure({"train-generator",
                  (*shared_)("small.toml"),
                  "--latents",
                  scratch_("none"),
                  "--out",
                  scratch_("r")},
                 7,
                 "kilonat latents MODEL");
  expect_failure({"generate", (*shared_)("run"), "a", scratch_("a.wav")}, 4, "not a generator");
  expect_failure({"generate", generator(), "a", scratch_("a.mp3")}, 2, ".wav or .flac");
  expect_failure({"generate", generator(), "a"}, 2, "expected PROMPT and OUT");
  expect_failure({"generate", generator(), "a", generator() + "/model.safetensors"}, 2, ".wav");
  expect_failure({"latents", generator(), "--data", "procedural:bell", "--out", scratch_("l")},
                 4,
                 "not a Kilonat model");
  expect_failure(
      {"latents", (*shared_)("run"), "--data", (*shared_)("sounds"), "--out", scratch_("l")},
      3,
      "no clip has a caption");
}

TEST_F(Generation, RefusesWrongPromptFilesAndSpans) {
  const std::string sound = (*shared_)("sounds/pluck-0.wav");
  write_bytes(scratch_.path("bad.csv"), "file\na.wav\n");
  write_bytes(scratch_.path("empty.txt"), "\n");
  expect_failure({"generate", generator(), "--prompts", scratch_("bad.csv"), scratch_("d")},
                 3,
                 "no column 'caption'");
  expect_failure({"generate", generator(), "--prompts", scratch_("empty.txt"), scratch_("d")},
                 3,
                 "no prompt in it");
  write_bytes(scratch_.path("gap.csv"), "caption\na bell\n\" \"\n");
  expect_failure({"generate", generator(), "--prompts", scratch_("gap.csv"), scratch_("d")},
                 3,
                 "gap.csv:3': no prompt");
  write_bytes(scratch_.path("prompts.jsonl"), "{\"caption\": \"a bell\"}\n");
  expect_failure({"generate", generator(), "--prompts", scratch_("prompts.jsonl"), scratch_("d")},
                 3,
                 "not from .jsonl");
  expect_failure({"generate", generator(), " ", scratch_("a.wav")}, 2, "the prompt is empty");
  expect_failure(
      {"generate", generator(), "a", scratch_("a.wav"), "--sampler", "ode45"}, 2, "--sampler");
  expect_failure(
      {"edit", generator(), sound, scratch_("a.wav"), "a", "--span", "1"}, 2, "expected START:END");
  expect_failure({"edit", generator(), sound, scratch_("a.wav"), "a", "--span", "2:3", "--quiet"},
                 2,
                 "within the sound's 1.000 s");
}

}  // namespace
}  // namespace kilonat::integration
