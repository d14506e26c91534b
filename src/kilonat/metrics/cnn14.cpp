#include "kilonat/metrics/cnn14.h"

#include <algorithm>
#include <string>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/dsp/mel.h"
#include "kilonat/metrics/official_weights.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::metrics {

using nlohmann::json;
using tensor::kAny;

/// Takes the network's parts from a checkpoint.
struct Cnn14Reader {
  static constexpr const char* kTransform = "spectrogram_extractor.stft.conv_real.weight";
  static constexpr const char* kMels = "logmel_extractor.melW";

  OfficialWeights& weights;
  c10::Device device;

  [[nodiscard]] at::Tensor take(const std::string& name,
                                std::initializer_list<std::int64_t> shape) const {
    return weights.take(name, shape).to(device);
  }

  [[nodiscard]] Cnn14::Norm norm(const std::string& name, std::int64_t width) const {
    return {take(name + ".weight", {width}),
            take(name + ".bias", {width}),
            take(name + ".running_mean", {width}),
            take(name + ".running_var", {width})};
  }

  [[nodiscard]] Cnn14::Block block(int number, std::int64_t in_channels) const {
    const std::string name = fmt::format("conv_block{}", number);
    Cnn14::Block block;
    block.conv1 = take(name + ".conv1.weight", {kAny, in_channels, 3, 3});
    const std::int64_t width = block.conv1.size(0);
    block.conv2 = take(name + ".conv2.weight", {width, width, 3, 3});
    block.norm1 = norm(name + ".bn1", width);
    block.norm2 = norm(name + ".bn2", width);
    return block;
  }

  /// The published front ends differ by their window alone.
  [[nodiscard]] Cnn14FrontEnd front_end() const {
    Cnn14FrontEnd front_end;
    if (weights.contains(kTransform)) {
      const std::int64_t window = weights.take(kTransform, {kAny, 1, kAny}).size(2);
      KILONAT_REQUIRE(window == 1024 || window == 512 || window == 256,
                      FormatError,
                      "reading {}: a window of {} samples, expected 1024, 512 or 256",
                      weights.what(),
                      window);
      front_end.sample_rate_hz = 32000 * window / 1024;
      front_end.hop_length = 320 * window / 1024;
      front_end.window_length = window;
      if (window < 1024) front_end.max_hz = 0.5 * static_cast<double>(front_end.sample_rate_hz);
    } else if (const auto config = weights.values().find("config");
               config != weights.values().end() && config->is_object()) {
      read_config(*config, front_end);
    }
    return front_end;
  }

  void read_config(const json& config, Cnn14FrontEnd& front_end) const {
    try {
      front_end = {.sample_rate_hz = config.at("sample_rate").get<std::int64_t>(),
                   .window_length = config.at("window_size").get<std::int64_t>(),
                   .hop_length = config.at("hop_size").get<std::int64_t>(),
                   .num_mels = config.at("mel_bins").get<std::int64_t>(),
                   .min_hz = config.at("fmin").get<double>(),
                   .max_hz = config.at("fmax").get<double>()};
    } catch (const json::exception& error) {
      throw FormatError(fmt::format("reading {}: its config: {}", weights.what(), error.what()));
    }
  }

  [[nodiscard]] at::Tensor mels(const Cnn14FrontEnd& front_end) const {
    if (weights.contains(kMels)) {
      return take(kMels, {front_end.window_length / 2 + 1, front_end.num_mels}).t();
    }
    return dsp::mel_filterbank({.sample_rate_hz = front_end.sample_rate_hz,
                                .fft_size = front_end.window_length,
                                .num_mels = front_end.num_mels,
                                .min_hz = front_end.min_hz,
                                .max_hz = front_end.max_hz})
        .to(device);
  }

  void fill(Cnn14& network) const {
    network.front_end_ = front_end();
    network.stft_ = dsp::Stft({.window_length = network.front_end_.window_length,
                               .hop_length = network.front_end_.hop_length});
    network.mels_MW_ = mels(network.front_end_);
    network.norm0_ = norm("bn0", network.front_end_.num_mels);
    std::int64_t width = 1;
    for (int i = 0; i < 6; ++i) {
      network.blocks_.at(static_cast<std::size_t>(i)) = block(i + 1, width);
      width = network.blocks_.at(static_cast<std::size_t>(i)).conv1.size(0);
    }
    network.embedding_weight_ = take("fc1.weight", {kAny, width});
    const std::int64_t embedding = network.embedding_weight_.size(0);
    network.embedding_bias_ = take("fc1.bias", {embedding});
    network.class_weight_ = take("fc_audioset.weight", {kAny, embedding});
    network.class_bias_ = take("fc_audioset.bias", {network.class_weight_.size(0)});
  }
};

namespace {

constexpr double kFloorPower = 1e-10;
/// The time axis is halved five times.
constexpr std::int64_t kMinFrames = 32;

}  // namespace

Cnn14::Cnn14(const std::filesystem::path& path, const c10::Device& device)
    : stft_({.window_length = front_end_.window_length, .hop_length = front_end_.hop_length}) {
  OfficialWeights weights(path, "conv_block1.conv1.weight");
  try {
    Cnn14Reader{weights, device}.fill(*this);
  } catch (const ConfigError& error) {
    throw FormatError(fmt::format("reading {}: {}", weights.what(), error.what()));
  }
  weights.skip("num_batches_tracked");
  weights.skip("spectrogram_extractor.");
  weights.require_all_taken();
}

at::Tensor Cnn14::log_mel_db(const at::Tensor& audio_BT) const {
  tensor::expect_shape(audio_BT, "CNN14's audio", {kAny, kAny});
  const at::Tensor power_BWF = stft_.magnitude(audio_BT).square();
  const at::Tensor mel_BFM = at::matmul(mels_MW_, power_BWF).transpose(1, 2);
  return 10 * at::log10(mel_BFM.clamp_min(kFloorPower));
}

at::Tensor Cnn14::convolve(const at::Tensor& x_BCFM, const Block& block, bool pool) const {
  const auto layer = [](const at::Tensor& x, const at::Tensor& weight, const Norm& norm) {
    const at::Tensor h = at::conv2d(x, weight, /*bias=*/{}, /*stride=*/1, /*padding=*/1);
    return at::relu(at::batch_norm(
        h, norm.weight, norm.bias, norm.mean, norm.variance, false, 0.1, 1e-5, false));
  };
  const at::Tensor h_BCFM =
      layer(layer(x_BCFM, block.conv1, block.norm1), block.conv2, block.norm2);
  return pool ? at::avg_pool2d(h_BCFM, {2, 2}) : h_BCFM;
}

Cnn14::Output Cnn14::forward(const at::Tensor& audio_BT) const {
  const c10::NoGradGuard guard;
  const std::int64_t min_samples = (kMinFrames - 1) * front_end_.hop_length;
  const std::int64_t missing = std::max<std::int64_t>(0, min_samples - audio_BT.size(1));
  const at::Tensor mel_BFM = log_mel_db(at::constant_pad_nd(audio_BT, {0, missing}));
  at::Tensor h = at::batch_norm(mel_BFM.transpose(1, 2),
                                norm0_.weight,
                                norm0_.bias,
                                norm0_.mean,
                                norm0_.variance,
                                false,
                                0.1,
                                1e-5,
                                false);
  h = h.transpose(1, 2).unsqueeze(1);
  for (std::size_t i = 0; i < blocks_.size(); ++i) h = convolve(h, blocks_.at(i), i + 1 < 6);
  const at::Tensor h_BCF = h.mean(3);
  const at::Tensor pooled_BC = h_BCF.amax(2) + h_BCF.mean(2);
  const at::Tensor embedding_BD =
      at::relu(at::linear(pooled_BC, embedding_weight_, embedding_bias_));
  return {embedding_BD, at::linear(embedding_BD, class_weight_, class_bias_)};
}

}  // namespace kilonat::metrics
