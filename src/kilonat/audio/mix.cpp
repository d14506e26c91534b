#include "kilonat/audio/mix.h"

#include <algorithm>
#include <cmath>

namespace kilonat::audio {

AudioBuffer mix_channels(const AudioBuffer& input, std::int64_t num_channels) {
  if (input.num_channels() == num_channels) return input;
  AudioBuffer output = make_buffer(input.sample_rate_hz, num_channels, input.num_samples());
  if (input.num_channels() == 1) {
    for (auto& channel : output.channels) channel = input.channels.front();
    return output;
  }
  const auto stride = static_cast<std::size_t>(num_channels);
  for (std::size_t c = 0; c < stride && c < input.channels.size(); ++c) {
    float count = 0;
    for (std::size_t source = c; source < input.channels.size(); source += stride) {
      for (std::size_t i = 0; i < output.channels[c].size(); ++i) {
        output.channels[c][i] += input.channels[source][i];
      }
      count += 1;
    }
    for (float& sample : output.channels[c]) sample /= count;
  }
  return output;
}

void apply_gain_(AudioBuffer& buffer, double gain) {
  for (auto& channel : buffer.channels) {
    for (float& sample : channel) sample = static_cast<float>(sample * gain);
  }
}

double peak(const AudioBuffer& buffer) {
  float largest = 0;
  for (const auto& channel : buffer.channels) {
    for (const float sample : channel) largest = std::max(largest, std::abs(sample));
  }
  return largest;
}

}  // namespace kilonat::audio
