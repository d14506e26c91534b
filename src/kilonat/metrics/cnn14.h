#pragma once
/// CNN14 of PANNs: the embedding of the "FD-PANNs" of published tables, with official weights.
///
/// B clips, T samples, F frames, M mel bands, D width of the embedding, K classes.

#include <array>
#include <cstdint>
#include <filesystem>

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include "kilonat/dsp/stft.h"

namespace kilonat::metrics {

struct Cnn14FrontEnd {
  std::int64_t sample_rate_hz = 32000;
  std::int64_t window_length = 1024;
  std::int64_t hop_length = 320;
  std::int64_t num_mels = 64;
  double min_hz = 50;
  double max_hz = 14000;
};

/// Source: Kong et al. 2020 (arXiv 1912.10211); audioset_tagging_cnn `pytorch/models.py`, class
/// Cnn14, and torchlibrosa `stft.py`. Thread-safe; without gradients.
class Cnn14 {
 public:
  struct Output {
    at::Tensor embedding_BD;  ///< second to last layer, after its ReLU
    at::Tensor logits_BK;     ///< their sigmoids are the official outputs
  };

  /// Reads `Cnn14_mAP=0.431.pth`, `Cnn14_16k_mAP=0.438.pth`, or a safetensors file of the same
  /// names, whatever the widths. The front end is read off the checkpoint's transform matrices;
  /// where they were left out it is the safetensors metadata's `config`, else that of 32 kHz.
  /// @throws IoError, FormatError.
  explicit Cnn14(const std::filesystem::path& path,
                 const c10::Device& device = c10::Device(c10::kCPU));

  [[nodiscard]] const Cnn14FrontEnd& front_end() const { return front_end_; }

  /// 10 log10 of mel powers, at least -100 dB: [B, F, M]. @throws ShapeError below 513 samples.
  [[nodiscard]] at::Tensor log_mel_db(const at::Tensor& audio_BT) const;
  /// @param audio_BT  at the front end's rate, full scale 1; below 0.32 s silence is added.
  [[nodiscard]] Output forward(const at::Tensor& audio_BT) const;

 private:
  struct Norm {
    at::Tensor weight, bias, mean, variance;
  };
  struct Block {
    at::Tensor conv1, conv2;
    Norm norm1, norm2;
  };

  [[nodiscard]] at::Tensor convolve(const at::Tensor& x_BCFM, const Block& block, bool pool) const;

  Cnn14FrontEnd front_end_;
  dsp::Stft stft_;
  at::Tensor mels_MW_;
  Norm norm0_;
  std::array<Block, 6> blocks_;
  at::Tensor embedding_weight_, embedding_bias_;
  at::Tensor class_weight_, class_bias_;

  friend struct Cnn14Reader;
};

}  // namespace kilonat::metrics
