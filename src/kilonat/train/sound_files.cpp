#include "kilonat/train/sound_files.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "kilonat/base/files.h"
#include "kilonat/train/wav_bytes.h"

namespace kilonat::train {

torch::Tensor tensor_of(const audio::AudioBuffer& buffer) {
  torch::Tensor audio_CT =
      torch::empty({buffer.num_channels(), buffer.num_samples()}, torch::kFloat);
  for (std::int64_t c = 0; c < buffer.num_channels(); ++c) {
    const std::vector<float>& samples = buffer.channels[static_cast<std::size_t>(c)];
    std::copy(samples.begin(), samples.end(), audio_CT[c].data_ptr<float>());
  }
  return audio_CT;
}

std::vector<std::vector<float>> channels_of(const torch::Tensor& audio_CT) {
  const torch::Tensor audio = audio_CT.detach().to(torch::kCPU, torch::kFloat).contiguous();
  std::vector<std::vector<float>> channels;
  for (std::int64_t c = 0; c < audio.size(0); ++c) {
    const float* samples = audio[c].data_ptr<float>();
    channels.emplace_back(samples, samples + audio.size(1));
  }
  return channels;
}

void write_sound(const std::filesystem::path& path,
                 const torch::Tensor& audio_CT,
                 std::int64_t sample_rate_hz) {
  write_text_atomic(path, wav_bytes(sample_rate_hz, channels_of(audio_CT)));
}

}  // namespace kilonat::train
