#include "integration/minute_model.h"

#include <regex>
#include <stdexcept>

#include "integration/sounds.h"

namespace kilonat::integration {
namespace {

constexpr const char* kConfig = R"([codec]
sample_rate_hz = 8000
encoder_channels = 4
encoder_strides = [4, 5, 8]
decoder_channels = 32
decoder_strides = [8, 5, 4]

[codec.bottleneck]
latent_channels = 4

[rate]
target_kbps = 0.5
edge_frames = 2
calibration_excerpts = 16

[loss.mel]
window_lengths = [64, 256]
num_mels = [8, 16]

[data.excerpts]
batch_size = 2
duration_s = 0.32

[run]
steps = 12
checkpoint_every = 5
sample_every = 10
num_sample_clips = 1
statistics_clips = 4
)";

}  // namespace

std::string write_minute_config(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "minute.toml";
  write_bytes(path, kConfig);
  return path.string();
}

std::vector<std::string> train_words(const std::string& config,
                                     const std::string& sounds,
                                     const std::string& run,
                                     const std::vector<std::string>& more) {
  std::vector<std::string> words{
      "train", config, "--data", sounds, "--out", run, "--quiet", "--threads", "1"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void train_minute_model(const Scratch& scratch) {
  write_plucks(scratch.path("sounds"), 12);
  const std::string config = write_minute_config(scratch.path());
  const Outcome outcome = kilonat(train_words(config, scratch("sounds"), scratch("run")));
  if (outcome.exit_code != 0) throw std::runtime_error("training failed: " + outcome.err);
}

std::vector<std::string> metrics_of(const std::filesystem::path& run) {
  static const std::regex time("\"time_s\":[^,]*,");
  std::vector<std::string> lines = lines_of(read_bytes(run / "metrics.jsonl"));
  for (std::string& line : lines) line = std::regex_replace(line, time, "");
  return lines;
}

}  // namespace kilonat::integration
