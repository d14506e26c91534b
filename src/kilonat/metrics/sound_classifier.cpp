#include "kilonat/metrics/sound_classifier.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "kilonat/base/errors.h"
#include "kilonat/config/schema.h"
#include "kilonat/dsp/mel.h"
#include "kilonat/dsp/window.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::metrics {
namespace {

constexpr int kNumLayers = 4;
constexpr double kNormMomentum = 0.1;
constexpr double kNormEpsilon = 1e-5;
constexpr double kDbPerUnit = 20;

/// Normal with the variance that keeps the size of activations through a ReLU (He et al. 2015).
void draw_(at::Tensor weight, at::Generator generator) {
  const c10::NoGradGuard guard;
  const std::int64_t fan_in = weight.numel() / weight.size(0);
  weight.normal_(0, std::sqrt(2.0 / static_cast<double>(fan_in)), std::move(generator));
}

/// Triangles of height 1.
at::Tensor make_mels(const ClassifierOptions& options) {
  const at::Tensor mels = dsp::mel_filterbank({.sample_rate_hz = options.sample_rate_hz,
                                               .fft_size = options.window_length,
                                               .num_mels = options.num_mels,
                                               .min_hz = options.min_hz});
  return mels / mels.amax(1, /*keepdim=*/true).clamp_min(1e-20);
}

}  // namespace

void describe(config::Schema& schema, ClassifierOptions& options) {
  schema
      .field("sample_rate_hz",
             options.sample_rate_hz,
             {.doc = "clips are resampled to it", .unit = "Hz", .min = 8000, .max = 48000})
      .field("window_length",
             options.window_length,
             {.doc = "of the spectrum", .unit = "samples", .min = 64, .max = 8192})
      .field("hop_length",
             options.hop_length,
             {.doc = "between windows", .unit = "samples", .min = 16, .max = 8192})
      .field("num_mels", options.num_mels, {.doc = "bands", .min = 16, .max = 256})
      .field("min_hz", options.min_hz, {.doc = "lower end of the bands", .unit = "Hz", .min = 0})
      .field("floor_db",
             options.floor_db,
             {.doc = "levels are not told apart below", .unit = "dB of full scale", .max = -20})
      .field("loudness_lufs",
             options.loudness_lufs,
             {.doc = "clips are brought to it", .unit = "LUFS", .min = -60, .max = 0})
      .field("shortest_s",
             options.shortest_s,
             {.doc = "silence is added to shorter clips", .unit = "s", .min = 0.1, .max = 60})
      .field("width",
             options.width,
             {.doc = "channels of the first layer of four; each next has twice as many",
              .min = 2,
              .max = 48})
      .field("embedding_width",
             options.embedding_width,
             {.doc = "numbers that describe a clip", .min = 2, .max = 256})
      .field("dropout",
             options.dropout,
             {.doc = "share of features that a training step leaves out", .min = 0, .max = 0.9});
}

void check(const ClassifierOptions& options) {
  const double half_hz = 0.5 * static_cast<double>(options.sample_rate_hz);
  KILONAT_REQUIRE(options.min_hz < half_hz,
                  ConfigError,
                  "classifier: min_hz = {} is not below half the sample rate, {}",
                  options.min_hz,
                  half_hz);
  const double shortest = options.shortest_s * static_cast<double>(options.sample_rate_hz);
  const std::int64_t needed =
      std::max(options.window_length, (std::int64_t{1} << (kNumLayers - 1)) * options.hop_length);
  KILONAT_REQUIRE(shortest >= static_cast<double>(needed),
                  ConfigError,
                  "classifier: shortest_s = {} is less than {} samples, a window or {} hops",
                  options.shortest_s,
                  needed,
                  1 << (kNumLayers - 1));
}

ClassifierLayerImpl::ClassifierLayerImpl(std::int64_t in_channels, std::int64_t out_channels)
    : weight(register_parameter("weight", at::zeros({out_channels, in_channels, 3, 3}))),
      scale(register_parameter("scale", at::ones({out_channels}))),
      offset(register_parameter("offset", at::zeros({out_channels}))),
      mean(register_parameter("mean", at::zeros({out_channels}), false)),
      variance(register_parameter("variance", at::ones({out_channels}), false)) {}

at::Tensor ClassifierLayerImpl::forward(const at::Tensor& x_BCMF) {
  const at::Tensor h = at::conv2d(x_BCMF, weight, /*bias=*/{}, /*stride=*/1, /*padding=*/1);
  return at::relu(at::batch_norm(
      h, scale, offset, mean, variance, is_training(), kNormMomentum, kNormEpsilon, false));
}

SoundClassifierImpl::SoundClassifierImpl(const ClassifierOptions& options,
                                         std::vector<std::string> classes,
                                         at::Generator generator)
    : options_(options), classes_(std::move(classes)) {
  check(options_);
  KILONAT_REQUIRE(classes_.size() >= 2,
                  ConfigError,
                  "classifier: {} classes, expected at least 2; a column 'class' names them",
                  classes_.size());
  window_ = dsp::make_window("hann", options_.window_length);
  mels_MW_ = make_mels(options_);
  band_mean_M_ = register_parameter("band_mean", at::zeros({options_.num_mels}), false);
  band_variance_M_ = register_parameter("band_variance", at::ones({options_.num_mels}), false);
  std::int64_t channels = 1;
  for (int i = 0; i < kNumLayers; ++i) {
    const std::int64_t next = options_.width << i;
    layers_.push_back(
        register_module("layer" + std::to_string(i), ClassifierLayer(channels, next)));
    draw_(layers_.back()->weight, generator);
    channels = next;
  }
  const auto num_classes = static_cast<std::int64_t>(classes_.size());
  embedding_weight_ =
      register_parameter("embedding_weight", at::zeros({options_.embedding_width, channels}));
  embedding_bias_ = register_parameter("embedding_bias", at::zeros({options_.embedding_width}));
  class_weight_ =
      register_parameter("class_weight", at::zeros({num_classes, options_.embedding_width}));
  class_bias_ = register_parameter("class_bias", at::zeros({num_classes}));
  draw_(embedding_weight_, generator);
  draw_(class_weight_, generator);
}

std::int64_t SoundClassifierImpl::class_index(const std::string& name) const {
  const auto found = std::find(classes_.begin(), classes_.end(), name);
  return found == classes_.end() ? -1 : found - classes_.begin();
}

std::int64_t SoundClassifierImpl::num_parameters() const {
  std::int64_t count = 0;
  for (const at::Tensor& parameter : parameters()) count += parameter.numel();
  return count;
}

data::ClipFormat SoundClassifierImpl::clip_format() const {
  return {.sample_rate_hz = options_.sample_rate_hz,
          .num_channels = 1,
          .loudness_lufs = options_.loudness_lufs};
}

at::Tensor SoundClassifierImpl::mel_powers(const at::Tensor& audio_T) const {
  tensor::expect_shape(audio_T, "the classifier's audio", {tensor::kAny});
  const auto shortest =
      static_cast<std::int64_t>(options_.shortest_s * static_cast<double>(options_.sample_rate_hz));
  const std::int64_t missing = std::max<std::int64_t>(0, shortest - audio_T.size(0));
  // Half a window of silence at each end: reflection would show a click at the edge twice.
  const std::int64_t half = options_.window_length / 2;
  const at::Tensor padded_T = at::constant_pad_nd(audio_T, {half, half + missing});
  const at::Tensor frames_FK =
      padded_T.unfold(0, options_.window_length, options_.hop_length) * window_;
  const at::Tensor magnitude_FW = at::fft_rfft(frames_FK).abs() / (0.5 * window_.sum());
  return at::matmul(mels_MW_, magnitude_FW.square().t());
}

at::Tensor SoundClassifierImpl::levels(const at::Tensor& powers) const {
  const double floor = std::pow(10.0, options_.floor_db / 10);
  return (10 * at::log10(powers + floor) - options_.floor_db) / kDbPerUnit;
}

at::Tensor SoundClassifierImpl::dropped(const at::Tensor& x,
                                        const std::optional<at::Generator>& generator) const {
  if (!generator || options_.dropout == 0) return x;
  const double keep = 1 - options_.dropout;
  return x * at::empty_like(x).bernoulli_(keep, *generator) / keep;
}

SoundClassifierImpl::Output SoundClassifierImpl::forward(
    const at::Tensor& levels_BMF, const std::optional<at::Generator>& dropout) {
  tensor::expect_shape(
      levels_BMF, "the classifier's levels", {tensor::kAny, options_.num_mels, tensor::kAny});
  at::Tensor h = at::batch_norm(levels_BMF,
                                {},
                                {},
                                band_mean_M_,
                                band_variance_M_,
                                is_training(),
                                kNormMomentum,
                                kNormEpsilon,
                                false);
  h = h.unsqueeze(1).contiguous(at::MemoryFormat::ChannelsLast);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    h = layers_[i]->forward(h);
    if (i + 1 < layers_.size()) h = at::avg_pool2d(h, {2, 2});
  }
  const at::Tensor h_BCF = h.mean(2);
  const at::Tensor pooled_BC = dropped(h_BCF.mean(2) + h_BCF.amax(2), dropout);
  const at::Tensor embedding_BD =
      at::relu(at::linear(pooled_BC, embedding_weight_, embedding_bias_));
  return {embedding_BD, at::linear(dropped(embedding_BD, dropout), class_weight_, class_bias_)};
}

ClipScores SoundClassifierImpl::score(const at::Tensor& audio_T) {
  const c10::NoGradGuard guard;
  const Output output = forward(levels(mel_powers(audio_T)).unsqueeze(0));
  return {output.embedding_BD[0], at::log_softmax(output.logits_BK[0], 0)};
}

}  // namespace kilonat::metrics
