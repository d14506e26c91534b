#include "kilonat/train/wav_bytes.h"

#include <algorithm>
#include <cmath>

#include "kilonat/base/byte_writer.h"

namespace kilonat::train {

namespace {

std::int16_t pcm16(float sample) {
  const float finite = std::isfinite(sample) ? sample : 0.0F;
  return static_cast<std::int16_t>(std::lround(32767.0F * std::clamp(finite, -1.0F, 1.0F)));
}

}  // namespace

std::string wav_bytes(std::int64_t sample_rate_hz, std::span<const std::vector<float>> channels) {
  const std::uint64_t num_channels = channels.size();
  const std::uint64_t num_samples = channels.empty() ? 0 : channels.front().size();
  const std::uint64_t frame_bytes = 2 * num_channels;
  const std::uint64_t data_bytes = frame_bytes * num_samples;
  const auto rate = static_cast<std::uint64_t>(sample_rate_hz);
  std::string wav = "RIFF";
  append_le(wav, 36 + data_bytes, 4);
  wav += "WAVEfmt ";
  append_le(wav, 16, 4);  // size of the format chunk
  append_le(wav, 1, 2);   // integer PCM
  append_le(wav, num_channels, 2);
  append_le(wav, rate, 4);
  append_le(wav, rate * frame_bytes, 4);
  append_le(wav, frame_bytes, 2);
  append_le(wav, 16, 2);  // bits a sample
  wav += "data";
  append_le(wav, data_bytes, 4);
  for (std::size_t t = 0; t < num_samples; ++t) {
    for (const auto& channel : channels) {
      append_le(wav, static_cast<std::uint16_t>(pcm16(channel[t])), 2);
    }
  }
  return wav;
}

}  // namespace kilonat::train
