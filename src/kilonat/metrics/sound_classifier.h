#pragma once
/// A small log-mel classifier of sounds: the in-domain judge of generated clips.
///
/// B clips, T samples, M mel bands, F frames, D width of the embedding, K classes.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "kilonat/data/clip_format.h"

namespace kilonat::config {
class Schema;
}

namespace kilonat::metrics {

/// The section [classifier]: what is in its file.
struct ClassifierOptions {
  /// Low, so that sounds of codecs of any higher rate are heard alike.
  std::int64_t sample_rate_hz = 16000;
  std::int64_t window_length = 1024;
  std::int64_t hop_length = 512;
  std::int64_t num_mels = 64;
  double min_hz = 50;
  double floor_db = -70;       ///< levels below full scale by more are not told apart
  double loudness_lufs = -16;  ///< clips are brought to it, so that no level gives a class away
  double shortest_s = 4;       ///< silence is added to shorter clips
  std::int64_t width = 16;  ///< channels of the first of four layers; each next has twice as many
  std::int64_t embedding_width = 128;
  double dropout = 0.3;
};

void describe(config::Schema& schema, ClassifierOptions& options);
/// @throws ConfigError for values that do not go together.
void check(const ClassifierOptions& options);

/// A convolution 3 x 3, batch norm, ReLU.
class ClassifierLayerImpl : public torch::nn::Module {
 public:
  ClassifierLayerImpl(std::int64_t in_channels, std::int64_t out_channels);
  [[nodiscard]] at::Tensor forward(const at::Tensor& x_BCMF);
  at::Tensor weight, scale, offset;
  /// Running moments of the norm: parameters without a gradient, so that they are saved as weights.
  at::Tensor mean, variance;
};
TORCH_MODULE(ClassifierLayer);

/// What the classifier says of one clip.
struct ClipScores {
  at::Tensor embedding_D;      ///< before the last layer, after its ReLU
  at::Tensor log_posterior_K;  ///< natural logarithms
};

/// Mel powers, a normalisation of each band, four convolutions (the first three followed by an
/// average of 2 x 2), mean over bands, mean plus maximum over time (as CNN14), two linear layers.
/// At most 1 M parameters. Not thread-safe in training.
class SoundClassifierImpl : public torch::nn::Module {
 public:
  /// Weights are drawn from `generator`, biases are 0. @throws ConfigError; also for fewer than two
  /// classes.
  SoundClassifierImpl(const ClassifierOptions& options,
                      std::vector<std::string> classes,
                      at::Generator generator);

  [[nodiscard]] const ClassifierOptions& options() const { return options_; }
  [[nodiscard]] const std::vector<std::string>& classes() const { return classes_; }
  /// -1 for a class that it does not know.
  [[nodiscard]] std::int64_t class_index(const std::string& name) const;
  [[nodiscard]] std::int64_t num_parameters() const;
  /// How clips are brought to it.
  [[nodiscard]] data::ClipFormat clip_format() const;

  /// Powers of mel bands, a full-scale sine being near 1: [M, F], without gradients.
  /// @param audio_T  a clip in clip_format(); silence is added to a short one.
  [[nodiscard]] at::Tensor mel_powers(const at::Tensor& audio_T) const;
  /// Their levels above the floor, about 0 to 3.
  [[nodiscard]] at::Tensor levels(const at::Tensor& powers) const;

  struct Output {
    at::Tensor embedding_BD;
    at::Tensor logits_BK;
  };
  /// @param dropout  the source of its randomness; absent: no dropout.
  [[nodiscard]] Output forward(const at::Tensor& levels_BMF,
                               const std::optional<at::Generator>& dropout = {});
  /// Of a whole clip in clip_format(). REQUIRES: evaluation mode.
  [[nodiscard]] ClipScores score(const at::Tensor& audio_T);

 private:
  [[nodiscard]] at::Tensor dropped(const at::Tensor& x,
                                   const std::optional<at::Generator>& generator) const;

  ClassifierOptions options_;
  std::vector<std::string> classes_;
  at::Tensor window_;  // the front end's
  at::Tensor mels_MW_;
  at::Tensor band_mean_M_, band_variance_M_;  // running, of the levels
  std::vector<ClassifierLayer> layers_;
  at::Tensor embedding_weight_, embedding_bias_;
  at::Tensor class_weight_, class_bias_;
};
TORCH_MODULE(SoundClassifier);

/// Writes weights, config and classes as one safetensors file; atomic. @throws IoError.
/// @param facts  figures of its training for the metadata, under "kilonat.KEY".
void save_classifier(const std::filesystem::path& path,
                     const SoundClassifierImpl& classifier,
                     const std::map<std::string, std::string>& facts);

struct LoadedClassifier {
  SoundClassifier network{nullptr};  ///< in evaluation mode
  std::map<std::string, std::string> facts;
};
/// @throws IoError; FormatError if it is corrupt, foreign or too new.
[[nodiscard]] LoadedClassifier load_classifier(const std::filesystem::path& path);

}  // namespace kilonat::metrics
