#pragma once
/// Tensors as planar samples and as sound files of a run folder.

#include <cstdint>
#include <filesystem>
#include <vector>

#include <torch/types.h>

#include "kilonat/audio/buffer.h"

namespace kilonat::train {

/// A buffer's samples as [C, T], float32 on the CPU.
[[nodiscard]] torch::Tensor tensor_of(const audio::AudioBuffer& buffer);

/// Planar samples of [C, T], from any device.
[[nodiscard]] std::vector<std::vector<float>> channels_of(const torch::Tensor& audio_CT);

/// Writes [C, T] as 16-bit WAV; atomic; beyond [-1, 1] is clipped. @throws IoError.
void write_sound(const std::filesystem::path& path,
                 const torch::Tensor& audio_CT,
                 std::int64_t sample_rate_hz);

}  // namespace kilonat::train
