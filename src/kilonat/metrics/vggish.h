#pragma once
/// VGGish: the embedding of the first published FADs, with official weights.
///
/// T samples, F frames, M = 64 mel bands, N examples of 96 frames, D = 128 unless the weights say
/// otherwise.

#include <array>
#include <cstdint>
#include <filesystem>

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

namespace kilonat::metrics {

inline constexpr std::int64_t kVggishSampleRateHz = 16000;
inline constexpr std::int64_t kVggishExampleFrames = 96;
inline constexpr std::int64_t kVggishMels = 64;

/// HTK mel filters over the magnitudes of an FFT of 512 at 16 kHz, triangular in mel, 125 to
/// 7500 Hz, row 0 (DC) empty: float64 [257, 64].
/// Source: AudioSet's `mel_features.py`, spectrogram_to_mel_matrix.
[[nodiscard]] at::Tensor vggish_mel_matrix();

/// ln(mel magnitude + 0.01) of windows of 25 ms every 10 ms, without padding: float64 [F, 64]; none
/// if the sound is shorter than a window. Source: AudioSet's `vggish_input.py`.
/// @param audio_T  at 16 kHz, full scale 1.
[[nodiscard]] at::Tensor vggish_log_mel(const at::Tensor& audio_T);

/// What the network sees: [N, 1, 96, 64], examples of 0.96 s side by side; what is left over at the
/// end is dropped.
[[nodiscard]] at::Tensor vggish_examples(const at::Tensor& log_mel_FM);

/// Source: torchvggish `vggish.py`, but without the ReLU after the last layer and without the PCA
/// and quantisation that follow it there: a FAD takes the values before these. Thread-safe.
class Vggish {
 public:
  /// Reads `vggish-10086976.pth`, or a safetensors file of the same names. @throws IoError,
  /// FormatError.
  explicit Vggish(const std::filesystem::path& path,
                  const c10::Device& device = c10::Device(c10::kCPU));

  /// @param examples_N1FM  of vggish_examples, any type. @returns [N, D] float32.
  [[nodiscard]] at::Tensor forward(const at::Tensor& examples_N1FM) const;
  /// One row for each 0.96 s of a clip at 16 kHz; silence is added to a clip shorter than that.
  [[nodiscard]] at::Tensor embed(const at::Tensor& audio_T) const;

 private:
  struct Layer {
    at::Tensor weight, bias;
  };
  std::array<Layer, 6> convs_;
  std::array<Layer, 3> linears_;
};

}  // namespace kilonat::metrics
