/// What a user does first: train, look, measure, encode, decode.

#include <memory>

#include "integration/minute_model.h"
#include "integration/program.h"
#include "integration/sounds.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kilonat::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

/// One trained model for all tests.
class HappyPath : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = std::make_unique<Scratch>();
    train_minute_model(*shared_);
  }
  static void TearDownTestSuite() { shared_.reset(); }

  static std::string model() { return (*shared_)("run"); }
  static fs::path run() { return shared_->path("run"); }

  json read_json(const std::string& name) const {
    return json::parse(read_bytes(scratch_.path(name)));
  }

  static std::unique_ptr<Scratch> shared_;
  Scratch scratch_;
};

std::unique_ptr<Scratch> HappyPath::shared_;

TEST_F(HappyPath, TrainWritesARunFolder) {
  EXPECT_THAT(files_below(run()),
              IsSupersetOf({"config.toml",
                            "metrics.jsonl",
                            "model.safetensors",
                            "audio/clip-1-original.wav",
                            "audio/clip-1-reconstruction.wav",
                            "checkpoints/step-10/state.json",
                            "checkpoints/step-12/state.json"}));
  EXPECT_THAT(files_below(run()), Contains(HasSubstr("events.out.tfevents.")));
  EXPECT_FALSE(fs::exists(run() / "checkpoints" / "step-5"));  // only the latest two are kept
  EXPECT_THAT(read_bytes(run() / "config.toml"), HasSubstr("target_kbps = 0.5"));
  for (const std::string& file : files_below(run()))
    EXPECT_EQ(file.find(".tmp"), std::string::npos);
}

TEST_F(HappyPath, TrainRefusesAFolderThatHoldsARun) {
  const Outcome outcome = kilonat(
      train_words((*shared_)("minute.toml"), (*shared_)("sounds"), model(), {"--steps", "1"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--resume continues it, --force replaces it"));
}

TEST_F(HappyPath, EvalWritesTheFieldsOfTheContract) {
  const Outcome outcome = kilonat({"eval",
                                   model(),
                                   "--data",
                                   (*shared_)("sounds"),
                                   "--json",
                                   scratch_("eval.json"),
                                   "--save-audio",
                                   scratch_("audio")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("silence"));
  EXPECT_THAT(outcome.out, HasSubstr("shuffled clips"));
  const json result = read_json("eval.json");
  for (const char* field : {"model",
                            "target_kbps",
                            "rate_kbps",
                            "informative_kbps",
                            "nats_per_frame",
                            "frame_rate_hz",
                            "sample_rate_hz",
                            "active_channels",
                            "nats_per_channel",
                            "mel_distance",
                            "stft_distance",
                            "waveform_l1",
                            "si_sdr_db",
                            "seconds",
                            "real_time_factor",
                            "clips"}) {
    EXPECT_TRUE(result.contains(field)) << field;
  }
  EXPECT_EQ(result["clips"].size(), 12u);
  EXPECT_EQ(result["nats_per_channel"].size(), 4u);
  EXPECT_NEAR(result["seconds"].get<double>(), 12.0, 1e-6);
  EXPECT_NEAR(result["rate_kbps"].get<double>(),
              result["nats_per_frame"].get<double>() * 50 / std::log(2.0) / 1000,
              1e-9);
  EXPECT_EQ(files_below(scratch_.path("audio")).size(), 36u);  // two sounds and a picture each
}

TEST_F(HappyPath, EvalTwiceGivesTheSameFigures) {
  for (const char* name : {"a.json", "b.json"}) {
    ASSERT_EQ(
        kilonat(
            {"eval", model(), "--data", (*shared_)("sounds"), "--quiet", "--json", scratch_(name)})
            .exit_code,
        0);
  }
  json a = read_json("a.json");
  json b = read_json("b.json");
  for (const char* of_the_machine : {"real_time_factor", "peak_memory_bytes"}) {
    a.erase(of_the_machine);
    b.erase(of_the_machine);
  }
  EXPECT_EQ(a, b);
}

TEST_F(HappyPath, InfoNamesFrameRateParametersAndRates) {
  const Outcome outcome = kilonat({"info", model(), "--json", scratch_("info.json")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("50 per second"));
  EXPECT_THAT(outcome.out, HasSubstr("target rate    0.5 kbit/s"));
  const json info = read_json("info.json");
  EXPECT_EQ(info["frame_rate_hz"], 50.0);
  EXPECT_EQ(info["nats_per_channel"].size(), 4u);
  EXPECT_GT(info["parameters"].get<int>(), 1000);

  write_wav(scratch_.path("tone.wav"), {.num_channels = 2, .seconds = 1.5}, pluck(1));
  const Outcome sound = kilonat({"info", scratch_("tone.wav")});
  EXPECT_EQ(sound.exit_code, 0) << sound.err;
  EXPECT_EQ(sound.out, "sound          8000 Hz, 2 channel(s), 1.500 s (12000 samples)\n");
}

TEST_F(HappyPath, EncodeThenDecodeGivesWhatReconstructGives) {
  const std::string sound = (*shared_)("sounds/pluck-3.wav");
  ASSERT_EQ(kilonat({"encode", model(), sound, scratch_("a.safetensors"), "--quiet"}).exit_code, 0);
  ASSERT_EQ(kilonat({"decode", model(), scratch_("a.safetensors"), scratch_("a.wav"), "--quiet"})
                .exit_code,
            0);
  ASSERT_EQ(kilonat({"reconstruct", model(), sound, scratch_("b.wav"), "--quiet"}).exit_code, 0);
  EXPECT_TRUE(read_bytes(scratch_.path("a.wav")) == read_bytes(scratch_.path("b.wav")));
  EXPECT_GT(fs::file_size(scratch_.path("a.wav")), 8000u);
}

TEST_F(HappyPath, CodingInBf16SaysHowFarItIsFromFp32) {
  write_wav(scratch_.path("in.wav"), {.seconds = 1.5}, pluck(1));
  const std::vector<std::vector<std::string>> jobs = {
      {"encode", model(), scratch_("in.wav"), scratch_("a.safetensors")},
      {"decode", model(), scratch_("a.safetensors"), scratch_("a.wav")},
      {"reconstruct", model(), scratch_("in.wav"), scratch_("b.wav")},
      {"eval", model(), "--data", (*shared_)("sounds")}};
  const auto out_of = [](std::vector<std::string> words, std::vector<std::string> more) {
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = kilonat(words);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.out;
  };
  for (const auto& job : jobs) {
    EXPECT_THAT(out_of(job, {"--precision", "bf16"}),
                ContainsRegex("bf16: [1-9][0-9]\\.[0-9] dB SNR against fp32 \\(first [0-9.]+ s\\)"))
        << job[0];
    EXPECT_THAT(out_of(job, {"--precision", "bf16", "--quiet", "--force"}), Not(HasSubstr("SNR")));
    EXPECT_THAT(out_of(job, {"--precision", "fp32", "--force"}), Not(HasSubstr("SNR")));
  }
}

TEST_F(HappyPath, OutputsAreNotReplacedWithoutForce) {
  const std::string sound = (*shared_)("sounds/pluck-3.wav");
  write_bytes(scratch_.path("out.wav"), "precious");
  EXPECT_EQ(kilonat({"reconstruct", model(), sound, scratch_("out.wav")}).exit_code, 2);
  EXPECT_EQ(read_bytes(scratch_.path("out.wav")), "precious");
  EXPECT_EQ(kilonat({"reconstruct", model(), sound, scratch_("out.wav"), "--force"}).exit_code, 0);
}

TEST_F(HappyPath, ReconstructTakesAnyRateAndChannelCount) {
  write_wav(scratch_.path("stereo.wav"),
            {.sample_rate_hz = 44100, .num_channels = 2, .seconds = 0.7},
            pluck(3));
  const Outcome outcome =
      kilonat({"reconstruct", model(), scratch_("stereo.wav"), scratch_("out.wav"), "--quiet"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

TEST_F(HappyPath, InitStartsFromAModelAndListsDifferences) {
  const std::vector<std::string> words =
      train_words((*shared_)("minute.toml"),
                  (*shared_)("sounds"),
                  scratch_("tamed"),
                  {"--init", model(), "--steps", "2", "--rate", "1"});
  const Outcome outcome = kilonat(words);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;

  std::vector<std::string> wider = words;
  wider.insert(wider.end(), {"--set", "codec.encoder_channels=6", "--force"});
  const Outcome refused = kilonat(wider);
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_THAT(refused.err, HasSubstr("encoder.block.0.weight_v"));
  EXPECT_THAT(refused.err, HasSubstr("expected [6, 1, 7]"));
}

/// In the shapes of the fixture oobleck_diffusers_a.
constexpr const char* kOobleckConfig = R"([codec]
sample_rate_hz = 44100
num_channels = 2
snake = "log_alpha_beta"
encoder_channels = 8
encoder_strides = [2, 4]
encoder_channel_multiples = [1, 2]
encoder_out_channels = 8
decoder_channels = 8
decoder_strides = [4, 2]
decoder_channel_multiples = [1, 2]
final_tanh = false
output_bias = false

[codec.bottleneck]
latent_channels = 4
projections = false

[rate]
warmup_steps = 30
edge_frames = 4
calibration_excerpts = 64

[loss.mel]
window_lengths = [64, 256]
num_mels = [8, 16]

[data.excerpts]
batch_size = 4
duration_s = 0.1

[optim.generator]
learning_rate = 1e-3

[run]
steps = 120
sample_every = 0
statistics_clips = 8
)";

TEST_F(HappyPath, AnImportedCodecIsTamed) {
  const fs::path fixtures = fs::path(KILONAT_SOURCE_DIR) / "tests" / "parity" / "fixtures";
  expect_success({"import",
                  "oobleck",
                  (fixtures / "oobleck_diffusers_a.weights.safetensors").string(),
                  scratch_("official.safetensors"),
                  "--config",
                  (fixtures / "oobleck_diffusers_a.config.json").string(),
                  "--json",
                  scratch_("import.json"),
                  "--quiet"});
  EXPECT_EQ(read_json("import.json")["family"], "oobleck");
  const std::string sounds = "procedural:kick,rain,siren,clips=8";
  const auto rate_of = [&](const std::string& model, const std::string& name) {
    expect_success({"eval", model, "--data", sounds, "--json", scratch_(name), "--quiet"});
    return read_json(name)["rate_kbps"].get<double>();
  };
  EXPECT_GT(rate_of(scratch_("official.safetensors"), "before.json"), 20);
  write_bytes(scratch_.path("oobleck.toml"), kOobleckConfig);
  expect_success(train_words(scratch_("oobleck.toml"),
                             sounds,
                             scratch_("tamed"),
                             {"--init", scratch_("official.safetensors"), "--rate", "10"}));
  EXPECT_NEAR(rate_of(scratch_("tamed"), "after.json"), 10, 1.5);  // 120 steps are few
  // And back to where it came from; not where nobody can write, nor over the model itself.
  const Outcome nowhere = kilonat({"export", "diffusers", scratch_("tamed"), "/proc/kilonat"});
  EXPECT_EQ(nowhere.exit_code, 7) << nowhere.err;
  EXPECT_THAT(nowhere.err, HasSubstr("/proc/kilonat"));
  const Outcome itself =
      kilonat({"export", "stable-audio-tools", scratch_("tamed"), scratch_("tamed"), "--force"});
  EXPECT_EQ(itself.exit_code, 2) << itself.err;
  EXPECT_THAT(itself.err, HasSubstr("the model itself"));
  const Outcome gated = kilonat({"export", "transformers", scratch_("tamed"), scratch_("x")});
  EXPECT_EQ(gated.exit_code, 2) << gated.err;
  EXPECT_THAT(gated.err, HasSubstr("rvq"));
  expect_success({"export",
                  "diffusers",
                  scratch_("tamed"),
                  scratch_("given"),
                  "--json",
                  scratch_("export.json"),
                  "--quiet"});
  EXPECT_EQ(read_json("export.json")["files"].size(), 2);
  EXPECT_EQ(read_json("export.json")["loudness_lufs"], -16);
  expect_success({"import",
                  "oobleck",
                  scratch_("given/diffusion_pytorch_model.safetensors"),
                  scratch_("again.safetensors"),
                  "--loudness",
                  "-16",
                  "--quiet"});
  EXPECT_NEAR(rate_of(scratch_("again.safetensors"), "again.json"),
              read_json("after.json")["rate_kbps"].get<double>(),
              1e-3);
}

TEST(Program, HelpNamesEverySubcommandAndEachHasAnExample) {
  const Outcome help = kilonat({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  using Words = std::vector<std::string>;
  for (Words words : {Words{"train"},
                      {"eval"},
                      {"encode"},
                      {"decode"},
                      {"reconstruct"},
                      {"info"},
                      {"import"},
                      {"export"},
                      {"config"},
                      {"latents"},
                      {"train-generator"},
                      {"generate"},
                      {"edit"},
                      {"train-classifier"},
                      {"score"},
                      {"study", "rd"},
                      {"study", "generation"},
                      {"study", "gaussian-limit"},
                      {"report"}}) {
    EXPECT_THAT(help.out, HasSubstr(words[0]));
    words.emplace_back("--help");
    const Outcome of_command = kilonat(words);
    EXPECT_EQ(of_command.exit_code, 0);
    for (const char* part : {"Example", "--quiet", "--seed", "--threads", "--device"}) {
      EXPECT_THAT(of_command.out, HasSubstr(part)) << words[0];
    }
  }
}

TEST(Program, RefusesADeviceThatIsNotThere) {
  for (const char* command : {"config", "report", "info"}) {
    const Outcome outcome = kilonat({command, "x", "--device", "abacus"});
    EXPECT_EQ(outcome.exit_code, 2) << command;
    EXPECT_THAT(outcome.err, HasSubstr("abacus")) << command;
  }
}

TEST(Program, NamesTheCommandThatAnUnknownOneIsNearest) {
  const Outcome outcome = kilonat({"tran", "--quiet"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(
      outcome.err,
      "kilonat: error: unknown command 'tran'; did you mean 'train'?; see 'kilonat --help'\n");
}

TEST(Program, ConfigExplainsEverySection) {
  const Outcome outcome = kilonat({"config", "--explain"});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* section : {"[codec]", "[rate]", "[data]", "[optim.generator]", "[run]"}) {
    EXPECT_THAT(outcome.out, HasSubstr(section));
  }
}

}  // namespace
}  // namespace kilonat::integration
